using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Lab.Cluster;

namespace Waggle.Commands.Lab;

internal static class LabListCommand
{
    private static readonly Listing<LabInfo> Listing = new()
    {
        Columns =
        [
            new("NAME", lab => lab.Options.Name), new("STATE", lab => lab.State.ToString()), new("NODES", lab => $"{lab.Options.Nodes}"), new("FAMILIES", lab => lab.Options.Families.ToString()),
            new("ROUTING", lab => lab.Options.Routing.ToString()), new("AGE", lab => Durations.Format(Age(lab))), new("KUBECONFIG", lab => lab.Kubeconfig),
            new("ZONES", lab => lab.Options.Zones.Count == 0 ? "-" : string.Join(',', lab.Options.Zones), Wide: true), new("DAEMON", lab => lab.DaemonPid?.ToString(CultureInfo.InvariantCulture) ?? "-", Wide: true),
        ],
        Json = lab => new JsonObject
        {
            ["name"] = lab.Options.Name, ["state"] = lab.State.ToString(), ["nodes"] = lab.Options.Nodes, ["families"] = lab.Options.Families.ToString(), ["routing"] = lab.Options.Routing.ToString(),
            ["zones"] = new JsonArray([.. lab.Options.Zones.Select(zone => (JsonNode)zone)]), ["daemonPid"] = lab.DaemonPid, ["kubeconfig"] = lab.Kubeconfig, ["created"] = lab.Created.ToString("O", CultureInfo.InvariantCulture),
        },
        WhenEmpty = "No labs. Start one: waggle lab up",
    };

    public static Verb Create()
    {
        var output = new OutputFlags();
        return new Verb("list", "List the labs of this machine")
        {
            Aliases = ["ls"],
            Flags = output.All,
            Examples = [new("waggle lab list -o wide", "with zones and daemons")],
            Run = (call, _) =>
            {
                Listing.Print(call.Terminal, output.Read(call), [.. new LabCluster().List().OrderBy(lab => lab.Options.Name, StringComparer.Ordinal)]);
                return Task.FromResult(ExitCode.Ok);
            },
        };
    }

    private static TimeSpan Age(LabInfo lab)
    {
        var age = DateTimeOffset.UtcNow - lab.Created;
        return age < TimeSpan.Zero ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Floor(age.TotalSeconds));
    }
}

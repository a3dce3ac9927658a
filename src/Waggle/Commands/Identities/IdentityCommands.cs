using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Cluster;
using Waggle.Commands.Nodes;
using Waggle.Kube.Client;

namespace Waggle.Commands.Identities;

/// <summary><c>identity list</c> and <c>identity get</c>.</summary>
internal static class IdentityCommands
{
    private static readonly string[] ReservedNames = ["host", "world", "unmanaged", "health", "init", "remote-node", "kube-apiserver", "ingress", "world-ipv4", "world-ipv6"];

    private static readonly IReadOnlyList<Identity> Reserved = [.. ReservedNames.Select((name, index) => new Identity(index + 1, ["reserved:" + name]))];

    private static readonly Listing<Identity> Listing = new()
    {
        Columns = [new("ID", each => $"{each.Id}"), new("LABELS", each => string.Join(',', each.Labels))],
        Json = each => new JsonObject { ["id"] = each.Id, ["labels"] = new JsonArray([.. each.Labels.Select(label => (JsonNode)label)]) },
    };

    internal sealed record Identity(long Id, IReadOnlyList<string> Labels);

    public static Verb Create(string tool) => new("identity", "Show security identities and their labels") { Aliases = ["id"], Children = () => [List(tool), Get(tool)] };

    private static Verb List(string tool)
    {
        var cluster = new ClusterFlags();
        var output = new OutputFlags();
        return new Verb("list", "List identities")
        {
            Aliases = ["ls"],
            Flags = [.. output.All, .. cluster.All],
            Examples = [new($"{tool} identity list", "which labels each number stands for")],
            Run = async (call, cancellation) =>
            {
                Print(call.Terminal, output.Read(call), await ReadAsync(call, cluster, cancellation).ConfigureAwait(false));
                return ExitCode.Ok;
            },
        };
    }

    private static Verb Get(string tool)
    {
        var cluster = new ClusterFlags();
        var output = new OutputFlags();
        var id = Operand.Required("id", "the identity's number");
        return new Verb("get", "Show one identity")
        {
            Operands = [id],
            Flags = [.. output.All, .. cluster.All],
            Examples = [new($"{tool} identity get 2", "what a number in a drop or flow means")],
            Run = async (call, cancellation) =>
            {
                var text = call.Get(id)!;
                if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                {
                    throw CliException.Usage($"\"{text}\" is no identity", "An identity is a number.");
                }

                var found = (await ReadAsync(call, cluster, cancellation).ConfigureAwait(false)).Where(each => each.Id == number).ToList();
                var request = output.Read(call);
                if (found.Count == 0)
                {
                    throw new CliException($"there is no identity {number}", $"\"{tool} identity list\" shows them.");
                }

                Listing.Print(call.Terminal, request.Structured ? request : request with { Format = OutputFormat.Json }, found);
                return ExitCode.Ok;
            },
        };
    }

    private static async Task<IReadOnlyList<Identity>> ReadAsync(Call call, ClusterFlags cluster, CancellationToken cancellation)
    {
        IEnumerable<Identity> found;
        if (cluster.PrefersNode(call))
        {
            found = (await NodeTables.ReadAsync(call.Environment, "identities", cancellation).ConfigureAwait(false)).Select(row => new Identity(row.Number("id"), row.Texts("labels")));
        }
        else
        {
            using var client = cluster.Open(call);
            var resources = await client.ListAsync(KubeTypes.CiliumIdentities, cancellation: cancellation).ConfigureAwait(false);
            found = resources.Items.Select(resource => new Identity(
                long.TryParse(resource.Metadata.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0,
                [.. resource.SecurityLabels.Select(label => label.Value.Length == 0 ? label.Key : $"{label.Key}={label.Value}").Order(StringComparer.Ordinal)]));
        }

        return [.. Reserved.Concat(found).DistinctBy(each => each.Id).OrderBy(each => each.Id)];
    }

    internal static void Print(Terminal terminal, OutputRequest request, IReadOnlyList<Identity> identities)
    {
        if (request.Structured)
        {
            Listing.Print(terminal, request, identities);
            return;
        }

        var table = new TabWriter(terminal.Out, TableLayout.Default);
        if (!request.NoHeaders)
        {
            table.Row(["ID", "LABELS"]);
        }

        foreach (var each in identities)
        {
            table.Row([$"{each.Id}", each.Labels.Count > 0 ? each.Labels[0] : ""]);
            foreach (var label in each.Labels.Skip(1))
            {
                table.Row(["", label]);
            }
        }

        table.Flush();
    }
}

using System.Globalization;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Cluster;

namespace Waggle.Commands.Endpoints;

/// <summary><c>endpoint list</c> and <c>endpoint get</c>.</summary>
internal static class EndpointCommands
{
    /// <summary>The cluster's view; a node's has the layout below.</summary>
    private static readonly Listing<Endpoint> Listing = new()
    {
        Columns =
        [
            new("NAMESPACE", each => each.Namespace), new("NAME", each => each.Pod), new("ENDPOINT", each => $"{each.Id}"), new("IDENTITY", each => $"{each.Identity}"), new("INGRESS ENFORCEMENT", each => each.Ingress, Wide: true), new("EGRESS ENFORCEMENT", each => each.Egress, Wide: true), new("STATE", each => each.State),
            new("IPV4", each => each.IPv4 ?? "-"), new("IPV6", each => each.IPv6 ?? "-"), new("NODE", each => each.Node ?? "-"), new("LABELS", each => string.Join(',', each.Labels), Wide: true),
        ],
        Json = each => each.ToJson(),
        Name = each => each.Key,
        WhenEmpty = "No endpoints",
    };

    public static Verb Create(string tool) => new("endpoint", "Show endpoints: pods with their addresses and identities") { Aliases = ["ep"], Children = () => [List(tool), Get(tool), EndpointConfigCommand.Create(tool)] };

    private static Verb List(string tool)
    {
        var cluster = new ClusterFlags();
        var output = new OutputFlags();
        return new Verb("list", "List endpoints")
        {
            Aliases = ["ls"],
            Details = "On a node (in an agent's container) the node's endpoints, elsewhere all of the cluster.",
            Flags = [.. output.All, .. cluster.All],
            Examples = [new($"{tool} endpoint list", "who has which address and identity"), new($"{tool} endpoint list -o json", "for a script")],
            Run = async (call, cancellation) =>
            {
                Print(call.Terminal, output.Read(call), await EndpointSource.ReadAsync(call, cluster, cancellation).ConfigureAwait(false), cluster.PrefersNode(call));
                return ExitCode.Ok;
            },
        };
    }

    private static Verb Get(string tool)
    {
        var cluster = new ClusterFlags();
        var output = new OutputFlags();
        var which = Operand.Required("endpoint", "an id, an address, or NAMESPACE/POD");
        return new Verb("get", "Show one endpoint")
        {
            Operands = [which],
            Flags = [.. output.All, .. cluster.All],
            Examples = [new($"{tool} endpoint get default/luke", "by pod"), new($"{tool} endpoint get 10.0.1.25 -o yaml", "by address")],
            Run = async (call, cancellation) =>
            {
                var text = call.Get(which)!;
                var found = Find(await EndpointSource.ReadAsync(call, cluster, cancellation).ConfigureAwait(false), text);
                var request = output.Read(call);
                if (found.Count == 0)
                {
                    throw new CliException($"there is no endpoint \"{text}\"", $"\"{tool} endpoint list\" shows them.");
                }

                // One object is best read whole.
                Listing.Print(call.Terminal, request.Structured ? request : request with { Format = OutputFormat.Json }, found);
                return ExitCode.Ok;
            },
        };
    }

    private static IReadOnlyList<Endpoint> Find(IReadOnlyList<Endpoint> all, string text)
    {
        var id = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
        return [.. all.Where(each => each.Id == id || each.Key == text || each.Pod == text || each.IPv4 == text || each.IPv6 == text)];
    }

    internal static void Print(Terminal terminal, OutputRequest request, IReadOnlyList<Endpoint> endpoints, bool node)
    {
        if (!node || request.Structured)
        {
            Listing.Print(terminal, request, endpoints);
            return;
        }

        // Labels go on lines of their own, as node operators know it.
        var table = new TabWriter(terminal.Out, TableLayout.Default);
        if (!request.NoHeaders)
        {
            table.Row(["ENDPOINT", "POLICY (ingress)", "POLICY (egress)", "IDENTITY", "LABELS (source:key[=value])", "IPv6", "IPv4", "STATUS"]);
            table.Row(["", "ENFORCEMENT", "ENFORCEMENT", "", "", "", "", ""]);
        }

        foreach (var each in endpoints)
        {
            table.Row([$"{each.Id}", each.Ingress, each.Egress, $"{each.Identity}", each.Labels.Count > 0 ? each.Labels[0] : "no labels", each.IPv6 ?? "", each.IPv4 ?? "", each.State]);
            foreach (var label in each.Labels.Skip(1))
            {
                table.Row(["", "", "", "", label, "", "", ""]);
            }
        }

        table.Flush();
    }
}

using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Commands.Cluster;
using Waggle.Kube.Client;
using Waggle.Kube.Json;
using Waggle.Policy.Rules;

namespace Waggle.Commands.Policy;

/// <summary><c>policy import|confirm|delete FILE</c>: policies of files in the cluster.</summary>
internal static class PolicyChangeCommands
{
    /// <summary>Nodes take a policy back when this time is over and the annotation is still there.</summary>
    private const string ConfirmUntil = "policy.waggle.io/confirm-until";

    public static IReadOnlyList<Verb> Create(string tool) => [Import(tool), Confirm(tool), Delete(tool)];

    private static Verb Import(string tool)
    {
        var cluster = new ClusterFlags();
        var file = Operand.Required("file", "a manifest; - reads standard input");
        var within = new Flag<string?>("--confirm-within", "every node takes the policies back after this time unless \"policy confirm\" came before") { HelpName = "TIME" };
        return new Verb("import", "Create or replace the policies of a manifest")
        {
            Operands = [file],
            Flags = [within, .. cluster.All],
            Details = "With --confirm-within a policy that cuts off its own author undoes itself: nodes go back to what held before by themselves, also when the API cannot be reached any more.",
            Examples = [new($"{tool} policy import host.yaml --confirm-within 30s", "try a host firewall without being locked out"), new($"{tool} policy confirm host.yaml", "keep it")],
            Run = async (call, cancellation) =>
            {
                var policies = Read(call.Get(file)!);
                var until = call.Get(within) is { } text ? DateTimeOffset.UtcNow + Durations.Parse(text, "--confirm-within") : (DateTimeOffset?)null;
                using var client = cluster.Open(call);
                foreach (var (kind, document) in policies)
                {
                    var copy = document.DeepClone().AsObject();
                    if (until is { } time)
                    {
                        copy["metadata"]!["annotations"] ??= new JsonObject();
                        copy["metadata"]!["annotations"]![ConfirmUntil] = time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
                    }

                    var (type, @namespace, name) = Where(kind, copy);
                    if (@namespace is not null)
                    {
                        copy["metadata"]!["namespace"] = @namespace;
                    }

                    var present = await client.TryGetAsync(type, @namespace, name, cancellation).ConfigureAwait(false);
                    if (present is null)
                    {
                        await client.CreateAsync(type, copy, cancellation: cancellation).ConfigureAwait(false);
                    }
                    else
                    {
                        copy["metadata"]!["resourceVersion"] = (string?)present["metadata"]?["resourceVersion"];
                        await client.UpdateAsync(type, copy, cancellation: cancellation).ConfigureAwait(false);
                    }

                    call.Terminal.Note($"{type.Kind} {Name(@namespace, name)} {(present is null ? "created" : "replaced")}{(until is null ? "" : $"; confirm until {until:HH:mm:ss} UTC: {tool} policy confirm {call.Get(file)}")}");
                }

                return ExitCode.Ok;
            },
        };
    }

    private static Verb Confirm(string tool)
    {
        var cluster = new ClusterFlags();
        var file = Operand.Required("file", "the manifest that was imported");
        return new Verb("confirm", "Keep policies that were imported with --confirm-within")
        {
            Operands = [file],
            Flags = cluster.All,
            Examples = [new($"{tool} policy confirm host.yaml", "they stay")],
            Run = async (call, cancellation) =>
            {
                using var client = cluster.Open(call);
                foreach (var (kind, document) in Read(call.Get(file)!))
                {
                    var (type, @namespace, name) = Where(kind, document);
                    var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [ConfirmUntil] = null } } };
                    await client.PatchAsync(type, @namespace, name, KubePatch.Merge(patch), cancellation: cancellation).ConfigureAwait(false);
                    call.Terminal.Note($"{type.Kind} {Name(@namespace, name)} confirmed");
                }

                return ExitCode.Ok;
            },
        };
    }

    private static Verb Delete(string tool)
    {
        var cluster = new ClusterFlags();
        var file = Operand.Required("file", "a manifest with the policies to delete");
        return new Verb("delete", "Delete the policies of a manifest")
        {
            Operands = [file],
            Flags = cluster.All,
            Examples = [new($"{tool} policy delete web.yaml", "as kubectl delete -f")],
            Run = async (call, cancellation) =>
            {
                using var client = cluster.Open(call);
                foreach (var (kind, document) in Read(call.Get(file)!))
                {
                    var (type, @namespace, name) = Where(kind, document);
                    var gone = await client.TryDeleteAsync(type, @namespace, name, cancellation: cancellation).ConfigureAwait(false);
                    call.Terminal.Note($"{type.Kind} {Name(@namespace, name)} {(gone ? "deleted" : "was not there")}");
                }

                return ExitCode.Ok;
            },
        };
    }

    private static string Name(string? @namespace, string name) => @namespace is null ? name : $"{@namespace}/{name}";

    private static (ResourceType<JsonObject> Type, string? Namespace, string Name) Where(PolicyKind kind, JsonObject document)
    {
        var type = kind switch
        {
            PolicyKind.NetworkPolicy => KubeTypes.NetworkPolicies, PolicyKind.CiliumNetworkPolicy => KubeTypes.CiliumNetworkPolicies, _ => KubeTypes.CiliumClusterwideNetworkPolicies,
        };
        var name = (string?)document["metadata"]?["name"] ?? throw new CliException("a policy without metadata.name");
        return (type, type.Namespaced ? (string?)document["metadata"]!["namespace"] ?? "default" : null, name);
    }

    private static List<(PolicyKind Kind, JsonObject Document)> Read(string file)
    {
        try
        {
            using var reader = file == "-" ? Console.In : new StreamReader(file);
            var found = KubeYaml.ReadAll(reader).Select(document => (PolicyParser.KindOf((string?)document["apiVersion"], (string?)document["kind"]), document))
                .Where(each => each.Item1 is not null).Select(each => (each.Item1!.Value, each.document)).ToList();
            return found.Count > 0 ? found : throw new CliException($"{file} holds no policy", "Kinds: NetworkPolicy, CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy.");
        }
        catch (IOException unreadable)
        {
            throw new CliException($"{file} cannot be read: {unreadable.Message}");
        }
    }
}

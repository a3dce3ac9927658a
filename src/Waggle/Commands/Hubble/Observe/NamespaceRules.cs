using Google.Protobuf.Collections;
using Waggle.Cli;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Commands.Hubble.Observe;

/// <summary>Namespaces have no field of their own in a filter: they become part of pods and services.</summary>
internal static class NamespaceRules
{
    public static void ApplyToSource(FlowFilter filter, IReadOnlyList<string> namespaces) => Apply(filter.SourcePod, filter.SourceService, namespaces);

    public static void ApplyToDestination(FlowFilter filter, IReadOnlyList<string> namespaces) => Apply(filter.DestinationPod, filter.DestinationService, namespaces);

    /// <exception cref="CliException">A name says another namespace than the flags do.</exception>
    public static void Check(FlowFilter filter, IReadOnlyList<string> either, IReadOnlyList<string> source, IReadOnlyList<string> destination)
    {
        Contradiction(either, filter.SourcePod, filter.SourceService, filter.DestinationPod, filter.DestinationService);
        Contradiction(source, filter.SourcePod, filter.SourceService);
        Contradiction(destination, filter.DestinationPod, filter.DestinationService);
        Agreement(filter.SourcePod, filter.SourceService);
        Agreement(filter.DestinationPod, filter.DestinationService);
    }

    private static void Apply(RepeatedField<string> pods, RepeatedField<string> services, IReadOnlyList<string> namespaces)
    {
        if (namespaces.Count == 0)
        {
            return;
        }

        if (pods.Count == 0 && services.Count == 0)
        {
            pods.Add("");
        }

        Qualify(pods, namespaces);
        Qualify(services, namespaces);
    }

    private static void Qualify(RepeatedField<string> names, IReadOnlyList<string> namespaces)
    {
        string[] all = [.. names.SelectMany(name => name.Contains('/') ? [name] : namespaces.Select(place => $"{place}/{name}"))];
        names.Clear();
        names.Add(all);
    }

    private static void Contradiction(IReadOnlyList<string> namespaces, params IEnumerable<string>[] names)
    {
        foreach (var name in names.SelectMany(each => each))
        {
            if (Place(name) is { Length: > 0 } place && namespaces.FirstOrDefault(wanted => wanted != place) is { } other)
            {
                throw CliException.Usage($"namespace conflict: \"{other}\" does not contain \"{name}\"", "Leave the namespace out of the name, or leave out the namespace flag.");
            }
        }
    }

    private static void Agreement(IEnumerable<string> pods, RepeatedField<string> services)
    {
        foreach (var pod in pods)
        {
            if (Place(pod) is { Length: > 0 } place && services.FirstOrDefault(service => Place(service) != place) is { } service)
            {
                throw CliException.Usage($"namespace of service \"{service}\" conflicts with pod \"{pod}\"", "A flow's side has one namespace.");
            }
        }
    }

    private static string Place(string name)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? "" : name[..slash];
    }
}

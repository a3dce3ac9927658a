using Waggle.Kube.Resources;

namespace Waggle.Operator.MulticastGroups;

/// <summary>The conditions of multicast group resources, computed from all of them.</summary>
internal static class GroupConditions
{
    public static IEnumerable<(IsovalentMulticastGroup Resource, IReadOnlyList<Condition> Conditions)> Of(IReadOnlyList<IsovalentMulticastGroup> all, DateTimeOffset now)
    {
        var owners = new Dictionary<string, SortedSet<ObjectKey>>(StringComparer.Ordinal);
        foreach (IsovalentMulticastGroup resource in all)
        {
            foreach (string group in resource.Spec.GroupAddrs.Select(Canonical))
            {
                (owners.TryGetValue(group, out SortedSet<ObjectKey>? set) ? set : owners[group] = []).Add(resource.Key);
            }
        }

        foreach (IsovalentMulticastGroup resource in all)
        {
            string[] shared =
            [
                .. resource.Spec.GroupAddrs.Distinct().Where(g => owners[Canonical(g)].Count > 1)
                    .Select(g => $"{g} is also in {string.Join(", ", owners[Canonical(g)].Where(o => o != resource.Key))}"),
            ];
            string[] repeated = [.. resource.Spec.GroupAddrs.GroupBy(Canonical).Where(g => g.Count() > 1).Select(g => $"{g.Key} is listed {g.Count()} times")];
            string message = string.Join("; ", [.. shared, .. repeated]);
            yield return (resource,
            [
                Make(resource, now, "Accepted", true, "Served", $"{resource.Spec.GroupAddrs.Select(Canonical).Distinct().Count()} groups are served"),
                message.Length == 0
                    ? Make(resource, now, "Conflict", false, "Unique", "")
                    : Make(resource, now, "Conflict", true, "SameGroup", message + "; each is served once"),
            ]);
        }
    }

    /// <summary>Equal but for the times.</summary>
    public static bool Same(IReadOnlyList<Condition> have, IReadOnlyList<Condition> want) =>
        have.Count == want.Count && have.Zip(want).All(p =>
            p.First.Type == p.Second.Type && p.First.Status == p.Second.Status && p.First.Reason == p.Second.Reason
            && (p.First.Message ?? "") == (p.Second.Message ?? "") && p.First.ObservedGeneration == p.Second.ObservedGeneration);

    private static Condition Make(IsovalentMulticastGroup resource, DateTimeOffset now, string type, bool status, string reason, string message)
    {
        Condition? before = resource.Status?.Conditions.FirstOrDefault(c => c.Type == type);
        string text = status ? "True" : "False";
        return new Condition
        {
            Type = type, Status = text, Reason = reason, Message = message, ObservedGeneration = resource.Metadata.Generation,
            LastTransitionTime = before?.Status == text ? before.LastTransitionTime : now,
        };
    }

    /// <summary>One spelling for an IPv6 group.</summary>
    private static string Canonical(string group) => System.Net.IPAddress.TryParse(group, out System.Net.IPAddress? address) ? address.ToString() : group;
}

using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers;

/// <summary>Status conditions as lists of values.</summary>
internal static class Conditions
{
    internal static Condition? Find(this IReadOnlyList<Condition> conditions, string type) => conditions.FirstOrDefault(c => c.Type == type);

    /// <summary>Puts the condition in; the transition time moves only when the status does, and nothing changes when status and reason do not.</summary>
    internal static IReadOnlyList<Condition> With(this IReadOnlyList<Condition> conditions, Condition condition)
    {
        var old = conditions.Find(condition.Type);
        if (old is not null && old.Status == condition.Status && old.Reason == condition.Reason)
        {
            return conditions;
        }

        var next = old?.Status == condition.Status ? condition with { LastTransitionTime = old.LastTransitionTime } : condition;
        return [.. conditions.Where(c => c.Type != condition.Type), next];
    }

    internal static IReadOnlyList<Condition> Without(this IReadOnlyList<Condition> conditions, string type) =>
        conditions.Any(c => c.Type == type) ? [.. conditions.Where(c => c.Type != type)] : conditions;
}

using Waggle.Agent.Endpoints;

namespace Waggle.Agent.Policy;

/// <summary>What decides which compiled policy an endpoint has: endpoints with equal keys share one row of <c>policy_subjects</c>.</summary>
/// <param name="Ports">Names of its ports as <see cref="EndpointState.Ports"/> has them, joined by commas.</param>
/// <param name="Audit">What is denied passes and is reported.</param>
public readonly record struct SubjectKey(uint Identity, string Ports, bool Audit)
{
    /// <summary>The key of an endpoint.</summary>
    public static SubjectKey Of(EndpointState state) => new(state.Identity, string.Join(',', state.Ports), state.PolicyAudit);

    public override string ToString() => $"{Identity}{(Ports.Length > 0 ? $" [{Ports}]" : "")}{(Audit ? " audit" : "")}";
}

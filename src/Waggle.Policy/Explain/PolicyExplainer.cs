using System.Globalization;
using Waggle.Policy.Compile;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Explain;

/// <summary>Explains verdicts: each section that was looked at, what it found, and which decided.</summary>
public sealed class PolicyExplainer(PolicyEngine engine)
{
    // A namespace may have thousands of rules that are about somebody else.
    private const int MostStrangers = 20;

    /// <summary>Explains what happens to a new connection, as of the last commit.</summary>
    /// <param name="source">Identity of the initiator.</param>
    /// <param name="sourceSubject">Its subject, when policy is known for it.</param>
    /// <param name="destination">Identity of the other side.</param>
    /// <param name="destinationSubject">Its subject, when policy is known for it.</param>
    /// <param name="protocol">IP protocol number.</param>
    /// <param name="port">Destination port, or ICMP type.</param>
    public Explanation Explain(uint source, uint? sourceSubject, uint destination, uint? destinationSubject, byte protocol, ushort port)
    {
        var steps = new List<ExplanationStep>();
        Verdict? egress = Side(sourceSubject, Direction.Egress, destination, protocol, port, steps);
        Verdict? ingress = Side(destinationSubject, Direction.Ingress, source, protocol, port, steps);
        return new Explanation(egress, ingress, [.. steps]);
    }

    private Verdict? Side(uint? subject, Direction direction, uint peer, byte protocol, ushort port, List<ExplanationStep> steps)
    {
        string who = direction == Direction.Egress ? "source" : "destination", name = direction.ToString().ToLowerInvariant();
        if (subject is not { } number || engine.SpecOf(number) is not { } spec)
        {
            steps.Add(new ExplanationStep(direction, $"the {who} has no policy here: its {name} is not restricted by this engine", null, true));
            return null;
        }

        Verdict verdict = engine.Evaluate(number, direction, peer, protocol, port);
        if (!engine.SideOf(number, direction).IsOn)
        {
            string why = engine.Options.Mode == EnforcementMode.Never ? "the enforcement mode is never" : $"no policy restricts the {name} of the {who}";
            steps.Add(new ExplanationStep(direction, $"{why}: allowed", null, true));
            return verdict;
        }

        (CompiledTable? table, HashSet<PeerSelector> matching, Identities.IdentityInfo? info) = engine.View(number, direction, peer);
        if (table is null)
        {
            steps.Add(new ExplanationStep(direction, $"the policy of the {who} does not fit into the kernel's maps and there was none before: everything is denied", null, true));
            return verdict;
        }

        foreach (RuleEntry rule in engine.RulesOf(number).Where(r => r.Rule.DeniesByDefault(direction) && !r.Policy.IsProtected))
        {
            steps.Add(new ExplanationStep(direction, $"{rule.Policy.Key}{Trial(rule.Policy.IsOnTrial)} selects the {who} and turns on default deny for {name}", rule.Place.Of, Decides(verdict, rule.Place)));
        }

        int strangers = 0;
        foreach (ResolvedSection section in table.Source.Sections)
        {
            bool isPeer = section.IsForAll || Array.Exists(section.Peers, matching.Contains);
            if (!isPeer && ++strangers > MostStrangers)
            {
                continue;
            }

            IReadOnlyList<NamedPort> names = direction == Direction.Ingress ? spec.Ports : info?.Ports ?? [];
            bool isPort = Covers(section, protocol, port, names);
            bool decides = isPeer && isPort && Decides(verdict, section.Place);
            string found = !isPeer ? "does not name the peer"
                : !isPort ? $"names the peer, but not {Show(protocol, port)} (it names {Ports(section)})"
                : $"{Effect(section)} {(section.IsForAll ? "everybody" : "the peer")}{(section.Ports is null ? "" : $" on {Ports(section)}")}";
            steps.Add(new ExplanationStep(direction, $"{section.Place.Of.Policy} {section.Place.Of.Pointer}{Trial(!section.IsInForce && section.IsInShadow)}: {found}", section.Place.Of, decides));
        }

        if (strangers > MostStrangers)
        {
            steps.Add(new ExplanationStep(direction, string.Create(CultureInfo.InvariantCulture, $"{strangers - MostStrangers} more sections do not name the peer"), null, false));
        }

        if (info is null)
        {
            steps.Add(new ExplanationStep(direction, string.Create(CultureInfo.InvariantCulture, $"the peer's identity {peer} is not known: only what holds for everybody counts"), null, false));
        }

        bool isDefault = verdict.Decision.Match == PolicyMatch.None;
        steps.Add(new ExplanationStep(direction, isDefault ? $"no section decides: {(verdict.Decision.IsAllowed ? "allowed" : "denied")} by default" : $"{name} is {(verdict.Decision.IsAllowed ? "allowed" : "denied")}", null, isDefault));
        if (verdict.Shadow.IsAllowed != verdict.Decision.IsAllowed)
        {
            steps.Add(new ExplanationStep(direction, $"with the policies on trial it would be {(verdict.Shadow.IsAllowed ? "allowed" : "denied")}", engine.Describe(verdict.ShadowRule)?.Places.FirstOrDefault(), false));
        }

        return verdict;
    }

    private bool Decides(Verdict verdict, OriginTable.Place place) => engine.Describe(verdict.Rule)?.Places.Contains(place.Of) ?? false;

    internal static bool Covers(ResolvedSection section, byte protocol, ushort port, IReadOnlyList<NamedPort> names) => section.Ports is null || Array.Exists(section.Ports, p =>
        (p.Protocol is { } only ? (byte)only == protocol : protocol is 6 or 17 or 132)
        && (p.Name is null ? port >= p.First && port <= p.Last : names.Any(n => n.Name == p.Name && (byte)n.Protocol == protocol && n.Port == port)));

    private static string Effect(ResolvedSection section) => section.Effect switch
    {
        SectionEffect.Protect => "always allows",
        SectionEffect.Deny => "denies",
        SectionEffect.Allow => "allows",
        _ => "would need a proxy or authentication to allow, which there is none yet, and so denies",
    };

    private static string Trial(bool isOnTrial) => isOnTrial ? " (on trial)" : "";

    private static string Ports(ResolvedSection section) => section.Ports is not { Length: > 0 } ? "no port" : string.Join(", ", section.Ports.Take(8)) + (section.Ports.Length > 8 ? ", …" : "");

    private static string Show(byte protocol, ushort port) => protocol switch
    {
        6 => $"{port}/TCP",
        17 => $"{port}/UDP",
        132 => $"{port}/SCTP",
        1 => $"ICMP type {port}",
        58 => $"ICMPv6 type {port}",
        _ => $"IP protocol {protocol}",
    };
}

using System.Collections.Immutable;
using System.Globalization;
using Waggle.Policy.Rules;

namespace Waggle.Agent.Policy;

/// <summary>Names of ports as endpoints have them (<c>name=PROTOCOL/port</c>) for the compiler.</summary>
internal static class NamedPorts
{
    public static ImmutableArray<NamedPort> Parse(string joined) => joined.Length == 0 ? [] : Parse(joined.Split(','));

    /// <summary>What cannot be read is left out.</summary>
    public static ImmutableArray<NamedPort> Parse(IEnumerable<string> texts)
    {
        var all = ImmutableArray.CreateBuilder<NamedPort>();
        foreach (string text in texts)
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal), slash = text.IndexOf('/', Math.Max(equals, 0));
            if (equals > 0 && slash > equals && ushort.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && ProtocolOf(text[(equals + 1)..slash]) is { } protocol)
            {
                all.Add(new NamedPort(text[..equals].ToLowerInvariant(), protocol, port));
            }
        }

        return all.ToImmutable();
    }

    private static IpProtocol? ProtocolOf(string text) => text.ToUpperInvariant() switch { "TCP" => IpProtocol.Tcp, "UDP" => IpProtocol.Udp, "SCTP" => IpProtocol.Sctp, _ => null };
}

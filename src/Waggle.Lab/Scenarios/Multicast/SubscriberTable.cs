using System.Text;

namespace Waggle.Lab.Scenarios.Multicast;

/// <summary>One row of <c>cilium bpf multicast subscriber list all</c>.</summary>
public sealed record Subscriber(string Address, string Type)
{
    public const string Local = "Local Endpoint";
    public const string Remote = "Remote Node";
}

/// <summary>
/// The text that the command must print, built from what the pods say of themselves, so that the comparison is with the known
/// format and not with whatever the program wrote. Cells are padded to 16, rows sorted by group, then by address.
/// </summary>
public static class SubscriberTable
{
    public static string Format(IEnumerable<string> groups, Func<string, IEnumerable<Subscriber>> subscribers)
    {
        var text = new StringBuilder().Append("Group           Subscriber      Type            \n");
        foreach (var group in groups)
        {
            var first = true;
            foreach (var row in subscribers(group).OrderBy(s => s.Address, Comparer<string>.Create(ByAddress)))
            {
                text.Append((first ? group : "").PadRight(16)).Append(row.Address.PadRight(16)).Append(row.Type.PadRight(16)).Append('\n');
                first = false;
            }

            if (first)
            {
                text.Append(group.PadRight(16)).Append('\n');
            }
        }

        return text.ToString();
    }

    /// <summary>Equal but for blanks at the ends of lines, in which the published transcript itself is not consistent.</summary>
    public static bool Same(string expected, string actual) => Trim(expected) == Trim(actual);

    private static string Trim(string text) => string.Join('\n', text.TrimEnd().Split('\n').Select(l => l.TrimEnd()));

    private static int ByAddress(string a, string b) =>
        System.Net.IPAddress.Parse(a).GetAddressBytes().AsSpan().SequenceCompareTo(System.Net.IPAddress.Parse(b).GetAddressBytes());
}

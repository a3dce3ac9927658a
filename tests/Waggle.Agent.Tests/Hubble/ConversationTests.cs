using System.Text;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Agent.Tests.Hubble;

/// <summary>
/// Real packets between pods of one node and of two, node and world: at every level of aggregation, over both families and both routings, each
/// node tells exactly the flows of the table (<see cref="Conversations"/>), no more, no fewer, in that order.
/// </summary>
public abstract class ConversationTests(ConversationLab lab)
{
    private static int s_talks;

    [Theory]
    [InlineData("none", 'N')]
    [InlineData("low", 'L')]
    [InlineData("medium", 'M')]
    [InlineData("maximum", 'X')]
    public async Task GetFlows_OfEveryConversation_TellsExactlyTheTable(string level, char letter)
    {
        await lab.SetLevelAsync(level);
        var wrong = new StringBuilder();
        foreach (Conversation conversation in Conversations.All)
        {
            foreach (bool v6 in new[] { false, true })
            {
                IReadOnlyList<string>[] got = await HoldAsync(conversation, v6);
                for (int node = 0; node < got.Length; node++)
                {
                    string[] expected = [.. conversation.At(letter, lab.IsNative, v6).Where(l => l[0] == 'a' + node)];
                    if (!(conversation.Unordered ? expected.Order().SequenceEqual(got[node].Order()) : expected.SequenceEqual(got[node])))
                    {
                        wrong.AppendLine($"-- {conversation} over {(v6 ? "IPv6" : "IPv4")} at {level}, node {(char)('a' + node)}:\n  expected\n{Lines(expected, got[node])}\n  got\n{Lines(got[node], expected)}");
                    }
                }
            }
        }

        Assert.True(wrong.Length == 0, wrong.ToString());

        static string Lines(IEnumerable<string> lines, IEnumerable<string> other) => string.Join('\n', lines.Select(l => (other.Contains(l) ? "      " : "    ! ") + l));
    }

    /// <summary>Runs the script; what each node told meanwhile of the parties.</summary>
    private async Task<IReadOnlyList<string>[]> HoldAsync(Conversation conversation, bool v6)
    {
        int[] start = await lab.FenceAsync();
        ushort port = (ushort)(30000 + Interlocked.Increment(ref s_talks));
        string missing = "";
        try
        {
            await conversation.Script(new Talk(lab, v6, port, start));
        }
        catch (TimeoutException e)
        {
            missing = e.Message;
        }

        int[] end = await lab.FenceAsync();
        HashSet<string> addresses = [.. lab.Parties.Select(p => p.Of(v6))];
        var text = new FlowText(lab);
        return [.. start.Select((from, node) => (IReadOnlyList<string>)[.. lab.Followers[node].From(from).Take(end[node] - from - 1).Where(IsOurs).Select(f => text.Of(node, f)).Concat(missing.Length > 0 ? [missing] : [])])];

        bool IsOurs(Flow flow) => flow.Membership is { } membership ? addresses.Contains(membership.Group) : flow.IP is { } ip && addresses.Contains(ip.Source) && addresses.Contains(ip.Destination);
    }
}

/// <summary>With a tunnel between the nodes.</summary>
public sealed class TunnelConversationTests(TunnelConversationLab lab) : ConversationTests(lab), IClassFixture<TunnelConversationLab>;

/// <summary>Where the network between the nodes carries the pods' addresses.</summary>
public sealed class NativeConversationTests(NativeConversationLab lab) : ConversationTests(lab), IClassFixture<NativeConversationLab>;

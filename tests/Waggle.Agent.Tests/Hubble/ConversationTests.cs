using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Waggle.Agent.Tests.Cluster;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Tests.Shared;

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

    /// <summary>
    /// What dashboards ask for is what running agents expose of such traffic, with these labels (of the rest, which nothing here makes,
    /// the sources are asked: the repository's DashboardTests).
    /// </summary>
    [Fact]
    public async Task Metrics_OfDashboards_AreTheAgents()
    {
        await lab.SetLevelAsync("none");
        string[] names = ["TCP on one node, with a segment sent twice", "echo on one node", "not allowed into a guarded pod", "allowed into a guarded pod", "not allowed, but its pod is only audited", "membership and datagrams of a group", "pod to the world"];
        foreach (Conversation conversation in Conversations.All.Where(c => names.Contains(c.Name)))
        {
            await HoldAsync(conversation, v6: false);
        }

        // What was delivered is told of those who are members still.
        string[] wrong = ["no datagram was delivered"];
        await HoldAsync(new Conversation("metrics of a group", async t =>
        {
            await Conversations.JoinAsync(t, join: true);
            t.Pass("client", "group", p => p.UdpPorts(t.Port, 5000), "server", "far");
            for (long started = Stopwatch.GetTimestamp(); (wrong = await WrongAsync()).Length > 0 && Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60);)
            {
                await Task.Delay(200);
            }

            await Conversations.JoinAsync(t, join: false);
        }, ""), v6: false);
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
    }

    /// <summary>What dashboards ask for of metrics and labels that the agents do not have.</summary>
    private async Task<string[]> WrongAsync()
    {
        string[] quiet = ["hubble_dns_", "hubble_http_", "hubble_exporter_", "hubble_metrics_folded", "hubble_lost_events", "hubble_flows_to_world", "cilium_multicast_unconfigured"];
        string[] asked = [.. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "dashboards")).SelectMany(f => DashboardQueries.Expressions(JsonNode.Parse(File.ReadAllText(f))!.AsObject())).Where(t => !quiet.Any(q => t.Contains(q, StringComparison.Ordinal)))];
        Assert.NotEmpty(asked);
        var known = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (TestNode node in lab.Nodes)
        {
            DashboardQueries.Read((await node.RunAsync("curl -s localhost:9962/metrics; curl -s localhost:9965/metrics")).Output, known);
        }

        string[] absent = [.. asked.SelectMany(DashboardQueries.Metrics).Where(m => !known.ContainsKey(m)).Distinct()];
        return absent.Length > 0 ? absent : [.. asked.SelectMany(t => DashboardQueries.Wrong(t, known))];
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

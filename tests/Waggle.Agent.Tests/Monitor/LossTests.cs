using Waggle.Agent.Monitor;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Events;

namespace Waggle.Agent.Tests.Monitor;

/// <summary>Counts of what is missing: each event once, whoever missed it.</summary>
public sealed class LossTests
{
    [Fact]
    public void OnLost_ToAWatcherWithoutRoom_CountsTheEventsAndNotTheLine()
    {
        var hub = new EventHub([]);
        using EventHub.Subscription watcher = hub.Watch();
        long written = 0, read = 0;
        while (watcher.Lines.Count < 4096)
        {
            hub.OnMembership(new MembershipEvent());
            written++;
        }

        hub.OnMembership(new MembershipEvent());
        hub.OnLost(1000);
        while (watcher.Lines.TryRead(out _))
        {
            read++;
        }

        Assert.Equal(written, read);
        Assert.Equal(1001, watcher.TakeLost());
        Assert.Equal(0, watcher.TakeLost());
    }

    [Fact]
    public void Take_ReaderReplacedMeanwhile_TellsEachLossOnce()
    {
        var losses = new LossCount(10); // told by those before
        Assert.Equal(0ul, losses.Take(Of(lost: 5, limited: 5)));
        Assert.Equal(3ul, losses.Take(Of(lost: 7, limited: 6)));
        Assert.Equal(2ul, losses.Take(Of(lost: 7, limited: 6, malformed: 1, unknown: 1)));
        losses = new LossCount(losses.Told);
        Assert.Equal(4ul, losses.Take(Of(lost: 10, limited: 6, malformed: 1)));
        Assert.Equal(0ul, losses.Take(Of(lost: 10, limited: 6, malformed: 1)));
        Assert.Equal(16ul, losses.Told);
    }

    [Fact]
    public void Take_CountersBeganAnew_TellsWhatTheNewOnesSay()
    {
        var losses = new LossCount(100);
        Assert.Equal(2ul, losses.Take(Of(lost: 2, limited: 0)));
    }

    private static EventStatistics Of(ulong lost, ulong limited, long malformed = 0, long unknown = 0) => new(0, malformed, unknown, 0, lost, limited);
}

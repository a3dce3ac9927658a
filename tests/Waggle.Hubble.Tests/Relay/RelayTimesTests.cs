using Waggle.Hubble.Codec;
using Waggle.Hubble.Observing;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Relay;
using Waggle.Tests.Shared;

namespace Waggle.Hubble.Tests.Relay;

/// <summary>Where what a node says is placed: at its time, unless that would hold up others.</summary>
public sealed class RelayTimesTests : IDisposable
{
    private const long Second = 1_000_000_000;
    private readonly ManualTime _time = new();
    private readonly TimeMerge _merge;
    private readonly long _start;

    public RelayTimesTests()
    {
        _start = Now;
        _merge = new TimeMerge(_start, TimeSpan.Zero, TimeSpan.Zero, _time);
    }

    private long Now => (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;

    public void Dispose() => _merge.Dispose();

    [Theory]
    [InlineData(-3600)]
    [InlineData(0)]
    [InlineData(10)]
    public void TryPlace_InAnAnswerThatEnds_IsAtItsTime(int seconds) => Assert.Equal((true, _start + (seconds * Second), false), Place(Of(new GetFlowsRequest { Number = 10 }), _start + (seconds * Second)));

    [Fact]
    public void TryPlace_InAnAnswerThatEnds_LaterThanTheQuestion_IsRefused()
    {
        _time.Advance(TimeSpan.FromHours(1)); // that it is true by now does not make it an answer
        Assert.False(Place(Of(new GetFlowsRequest { Number = 10 }), _start + (10 * Second) + 1).Ok);
    }

    [Fact]
    public void TryPlace_Following_AheadOfTheClock_IsNow_AndTold()
    {
        var times = Of(new GetFlowsRequest { Follow = true });
        Assert.Equal((true, _start + (10 * Second), false), Place(times, _start + (10 * Second))); // clocks differ
        Assert.Equal((true, _start, true), Place(times, _start + (10 * Second) + 1));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal((true, _start + (15 * Second), false), Place(times, _start + (15 * Second)));
        Assert.Equal((true, _start + (5 * Second), true), Place(times, long.MaxValue));
    }

    [Fact]
    public void TryPlace_Following_OlderThanWhatWasAskedFor_IsNow()
    {
        _time.Advance(TimeSpan.FromSeconds(3));
        var plain = Of(new GetFlowsRequest { Follow = true });
        Assert.Equal((true, _start - (10 * Second), false), Place(plain, _start - (10 * Second)));
        Assert.Equal((true, Now, false), Place(plain, _start - (10 * Second) - 1));
        Assert.Equal((true, Now, false), Place(plain, long.MinValue));

        // Who asks for history gets it where it belongs.
        foreach (var history in new[] { new GetFlowsRequest { Follow = true, Number = 5 }, new GetFlowsRequest { Follow = true, Since = FlowEncoder.Time(1) } })
        {
            Assert.Equal((true, 7L, false), Place(Of(history), 7));
        }
    }

    [Fact]
    public async Task TryPlace_Following_LongAfterItsTimeWentOut_IsNow()
    {
        var times = Of(new GetFlowsRequest { Follow = true, Since = FlowEncoder.Time(1) });
        _time.Advance(TimeSpan.FromMinutes(1));
        var source = new MergeSource("a", 8);
        _merge.Add(source);
        using var batch = new RelayBatch();
        batch.Add([1], Now, isFlow: true);
        await _merge.PutAsync(source, batch, TestContext.Current.CancellationToken);
        Assert.True(_merge.TryPeek(out var first));
        _merge.Advance(first);
        Assert.Equal((true, Now - (10 * Second), false), Place(times, Now - (10 * Second)));
        Assert.Equal((true, Now, false), Place(times, Now - (10 * Second) - 1));
    }

    private RelayTimes Of(GetFlowsRequest request) => new(QueryWindow.Of(request), _merge, _start, _time);

    private static (bool Ok, long PlaceNs, bool IsAhead) Place(RelayTimes times, long timeNs) => (times.TryPlace(timeNs, out var place, out var ahead), place, ahead);
}

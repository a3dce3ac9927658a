using Waggle.State.Reconciling;
using Waggle.State.Tables;
using Waggle.State.Tests.Tables;
using Waggle.Tests.Shared;

namespace Waggle.State.Tests.Reconciling;

/// <summary>Plays the files in <c>scenarios/</c>: one command a line, <c>#</c> starts a comment. The commands are the cases of <see cref="Run"/>.</summary>
public sealed class ScenarioTests
{
    public static TheoryData<string> Scenarios()
    {
        var data = new TheoryData<string>();
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Reconciling", "scenarios"), "*.txt").Order(StringComparer.Ordinal))
        {
            data.Add(Path.GetFileNameWithoutExtension(file));
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Scenario_Played_EveryExpectationHolds(string name)
    {
        await using var player = new Player();
        var number = 0;
        foreach (var line in await File.ReadAllLinesAsync(Path.Combine(AppContext.BaseDirectory, "Reconciling", "scenarios", $"{name}.txt"), TestContext.Current.CancellationToken))
        {
            number++;
            var words = line.Split('#')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 0)
            {
                await player.Run($"{name}.txt:{number}", words, TestContext.Current.CancellationToken);
            }
        }
    }

    private sealed class Player : IAsyncDisposable
    {
        private readonly ManualTime _time = new();
        private readonly ItemTable _table = new(new StateDb());
        private readonly FaultyTarget _target = new();
        private readonly Dictionary<string, TableInitializer> _sources = [];
        private CancellationTokenSource _stop = new();
        private Reconciler<int, Item>? _reconciler;
        private Task _running = Task.CompletedTask;
        private int _starts;

        internal async Task Run(string where, string[] words, CancellationToken cancellation)
        {
            switch (words)
            {
                case ["source", var source]:
                    _sources[source] = _table.RegisterInitializer(source);
                    break;
                case ["synced", var source]:
                    _sources[source].Complete();
                    break;
                case ["plant", var id, var group]:
                    _target.Plant(new(int.Parse(id), group));
                    break;
                case ["fail", var operation, var times]:
                    _target.Fail(operation.Replace(':', ' '), int.Parse(times));
                    break;
                case ["start"]:
                    _reconciler = new(_table, _target, new() { Name = $"t{++_starts}", Time = _time, MinBackoff = TimeSpan.FromSeconds(1), MaxBackoff = TimeSpan.FromSeconds(8), PruneInterval = TimeSpan.Zero });
                    _running = _reconciler.RunAsync(_stop.Token);
                    break;
                case ["stop"]:
                    await StopAsync();
                    break;
                case ["upsert", var id, var group]:
                    _table.Upsert(new(int.Parse(id), group));
                    break;
                case ["delete", var id]:
                    _table.Delete(int.Parse(id));
                    break;
                case ["retry"]:
                    await _time.AdvanceToNextTimerAsync(cancellation);
                    break;
                case ["settled"]:
                    await _reconciler!.WaitUntilAsync(cancellation: cancellation);
                    break;
                case ["pruned"]:
                    await _reconciler!.WaitPrunedAsync(cancellation);
                    break;
                case ["status", var id, var state]:
                    await _reconciler!.Status.WaitForAsync(v => (v.Find(int.Parse(id))?.State.ToString() ?? "none") == state, cancellation);
                    break;
                case ["target", .. var rows]:
                    Equal(where, rows, _target.Content.Select(i => $"{i.Id}={i.Group}"));
                    break;
                case ["log", .. var operations]:
                    Equal(where, operations, _target.Log.Select(o => o.Replace(" FAILS", "!", StringComparison.Ordinal).Replace(' ', ':')));
                    break;
                default:
                    Assert.Fail($"{where}: unknown command: {string.Join(' ', words)}");
                    break;
            }
        }

        public async ValueTask DisposeAsync() => await StopAsync();

        private static void Equal(string where, IEnumerable<string> expected, IEnumerable<string> actual) =>
            Assert.True(expected.SequenceEqual(actual), $"{where}: expected {string.Join(' ', expected)}; is {string.Join(' ', actual)}");

        private async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _stop.Dispose();
            _stop = new();
        }
    }
}

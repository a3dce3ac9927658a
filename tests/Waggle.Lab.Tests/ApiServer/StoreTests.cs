using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Lab.ApiServer;

namespace Waggle.Lab.Tests.ApiServer;

public sealed class StoreTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("wgt-store-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private ObjectStore Open(Func<StoreOptions, StoreOptions>? configure = null) =>
        ObjectStore.Open((configure ?? (o => o))(new StoreOptions(_directory)), NullLogger.Instance);

    private static JsonObject Object(string name, string value) => new() { ["metadata"] = new JsonObject { ["name"] = name }, ["data"] = value };

    private static string JournalOf(string directory) => Directory.GetFiles(directory, "journal-*.log").Order().Last();

    [Fact]
    public async Task Put_OfAcknowledgedObjects_SurvivesReopening()
    {
        await using (var store = Open())
        {
            var a = await store.PutAsync("things", "ns", "a", 0, Object("a", "1"));
            await store.PutAsync("things", "ns", "a", a.Revision, Object("a", "2"));
            var b = await store.PutAsync("things", "ns", "b", 0, Object("b", "1"));
            await store.DeleteAsync("things", "ns/b", b.Revision);
        }
        await using var again = Open();
        var snapshot = again.Snapshot("things");
        Assert.Equal("2", J.Str(Assert.Single(snapshot.Objects).Tree, "data"));
        Assert.Equal(4, again.Revision);
    }

    [Fact]
    public async Task Put_OnAnOlderRevision_Conflicts()
    {
        await using var store = Open();
        var a = await store.PutAsync("things", "", "a", 0, Object("a", "1"));
        await Assert.ThrowsAsync<RevisionConflictException>(() => store.PutAsync("things", "", "a", 0, Object("a", "2")));
        await store.PutAsync("things", "", "a", a.Revision, Object("a", "2"));
        var conflict = await Assert.ThrowsAsync<RevisionConflictException>(() => store.PutAsync("things", "", "a", a.Revision, Object("a", "3")));
        Assert.Equal(2, conflict.Actual!.Revision);
    }

    [Fact]
    public async Task Put_ByManyWriters_IsGroupedAndLosesNothing()
    {
        await using var store = Open();
        await Task.WhenAll(Enumerable.Range(0, 500).Select(i => store.PutAsync("things", "", $"n{i}", 0, Object($"n{i}", "x"))));
        Assert.Equal(500, store.Snapshot("things").Objects.Count);
        Assert.Equal(500, store.Snapshot("things").Objects.Select(o => o.Revision).Distinct().Count());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(13)]
    public async Task Open_WithATornTail_CutsItAndGoesOn(int bytesLost)
    {
        await using (var store = Open())
        {
            await store.PutAsync("things", "", "a", 0, Object("a", "1"));
            await store.PutAsync("things", "", "b", 0, Object("b", "1"));
        }
        var path = JournalOf(_directory);
        using (var file = new FileStream(path, FileMode.Open))
        {
            file.SetLength(file.Length - bytesLost);
        }
        await using (var store = Open())
        {
            Assert.Equal("a", Assert.Single(store.Snapshot("things").Objects).Name);
            await store.PutAsync("things", "", "c", 0, Object("c", "1"));
        }
        await using var again = Open();
        Assert.Equal(["a", "c"], again.Snapshot("things").Objects.Select(o => o.Name));
    }

    [Fact]
    public async Task Open_WithGarbageAtTheEnd_CutsIt()
    {
        await using (var store = Open())
        {
            await store.PutAsync("things", "", "a", 0, Object("a", "1"));
        }
        using (var file = new FileStream(JournalOf(_directory), FileMode.Append))
        {
            file.Write(new byte[100]);
        }
        await using var again = Open();
        Assert.Single(again.Snapshot("things").Objects);
    }

    [Fact]
    public async Task Open_WithDamageBeforeTheEnd_SaysWhere()
    {
        await using (var store = Open())
        {
            await store.PutAsync("things", "", "a", 0, Object("a", "1"));
            await store.PutAsync("things", "", "b", 0, Object("b", "1"));
        }
        var path = JournalOf(_directory);
        var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        bytes[20] ^= 0xff;
        await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);
        var error = Assert.Throws<StoreException>(() => Open());
        Assert.Contains("damaged at byte 0", error.Message, StringComparison.Ordinal);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rotate_AfterEnoughBytes_KeepsEverythingInSnapshotAndJournal()
    {
        await using (var store = Open(o => o with { SnapshotAfterBytes = 4096 }))
        {
            for (var i = 0; i < 200; i++)
            {
                await store.PutAsync("things", "ns", $"n{i:d3}", 0, Object($"n{i:d3}", new string('x', 100)));
            }
        }
        Assert.NotEmpty(Directory.GetFiles(_directory, "snapshot-*.dat"));
        Assert.DoesNotContain(Directory.GetFiles(_directory), f => f.EndsWith("journal-00000001.log", StringComparison.Ordinal));
        await using var again = Open();
        Assert.Equal(200, again.Snapshot("things").Objects.Count);
        Assert.Equal(200, again.Revision);
    }

    [Fact]
    public async Task Watch_FromARevisionInTheWindow_SeesEveryLaterChangeInOrder()
    {
        await using var store = Open();
        var a = await store.PutAsync("things", "", "a", 0, Object("a", "1"));
        await store.PutAsync("things", "", "a", a.Revision, Object("a", "2"));
        using var watch = store.Log("things").Watch(1)!;
        Assert.True(watch.TryNext(out var change));
        Assert.Equal(2, change.Revision);
        Assert.False(watch.TryNext(out _));
        var waiting = watch.WaitAsync();
        await store.DeleteAsync("things", "a", 2);
        await waiting;
        Assert.True(watch.TryNext(out change));
        Assert.Equal((ChangeKind.Delete, 3L), (change.Kind, change.Revision));
    }

    [Fact]
    public async Task Watch_FromBeforeTheWindow_IsRefused()
    {
        await using var store = Open(o => o with { WatchWindow = 2 });
        for (var i = 0; i < 5; i++)
        {
            await store.PutAsync("things", "", $"n{i}", 0, Object($"n{i}", "x"));
        }
        Assert.Null(store.Log("things").Watch(2));
        Assert.NotNull(store.Log("things").Watch(3));
    }

    [Fact]
    public async Task Watch_ThatDoesNotRead_IsExpired()
    {
        await using var store = Open(o => o with { WatchWindow = 4 });
        using var watch = store.Log("things").Watch(0)!;
        for (var i = 0; i < 6; i++)
        {
            await store.PutAsync("things", "", $"n{i}", 0, Object($"n{i}", "x"));
        }
        Assert.True(watch.Expired.WaitHandle.WaitOne(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task Put_OnAFullDisk_IsRefusedReadsGoOnAndItRecovers()
    {
        var mount = Directory.CreateTempSubdirectory("wgt-full-").FullName;
        Run("mount", "-t", "tmpfs", "-o", "size=256k", "wgt-full", mount);
        try
        {
            await using (var store = ObjectStore.Open(new StoreOptions(mount), NullLogger.Instance))
            {
                await store.PutAsync("things", "", "kept", 0, Object("kept", "1"));
                var ballast = Path.Combine(mount, "ballast");
                await File.WriteAllBytesAsync(ballast, new byte[200 * 1024], TestContext.Current.CancellationToken);
                var error = await Assert.ThrowsAsync<StoreFullException>(() => store.PutAsync("things", "", "big", 0, Object("big", new string('x', 100_000))));
                Assert.Contains("full", error.Message, StringComparison.Ordinal);
                Assert.Equal("kept", Assert.Single(store.Snapshot("things").Objects).Name);
                Assert.Null(store.Head("things", "big"));
                File.Delete(ballast);
                await store.PutAsync("things", "", "big", 0, Object("big", new string('x', 100_000)));
            }
            await using var again = ObjectStore.Open(new StoreOptions(mount), NullLogger.Instance);
            Assert.Equal(["big", "kept"], again.Snapshot("things").Objects.Select(o => o.Name));
        }
        finally
        {
            Run("umount", mount);
            Directory.Delete(mount);
        }
    }

    [Fact]
    public async Task Put_InAProcessThatIsKilled_KeepsWhatWasAcknowledged()
    {
        for (var round = 0; round < 3; round++)
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment[StoreChild.Variable] = _directory;
            using var child = Process.Start(start)!;
            var acknowledged = new List<string>();
            while (acknowledged.Count < 50)
            {
                acknowledged.Add(await child.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) ?? throw new InvalidOperationException(await child.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)));
            }
            child.Kill();
            await child.WaitForExitAsync(TestContext.Current.CancellationToken);
            await using var store = Open();
            var found = store.Snapshot("things").Objects.Select(o => o.Name).ToHashSet();
            Assert.All(acknowledged, name => Assert.Contains(name, found));
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}

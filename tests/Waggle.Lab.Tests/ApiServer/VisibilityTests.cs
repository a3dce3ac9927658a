using System.Text.Json.Nodes;
using Microsoft.Win32.SafeHandles;
using Waggle.Lab.ApiServer;

namespace Waggle.Lab.Tests.ApiServer;

/// <summary>What one client has been told, every client can see: also refusals come after their reason is on disk and visible.</summary>
public sealed class VisibilityTests : IAsyncLifetime
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    private readonly ServerFixture _server;
    private readonly ManualResetEventSlim _disk = new(initialState: true);
    private volatile TaskCompletionSource _syncing = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _broken;

    public VisibilityTests() => _server = new ServerFixture { Configure = o => o with { JournalSync = Sync } };

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        _disk.Set();
        await _server.DisposeAsync();
        _disk.Dispose();
    }

    [Theory]
    [InlineData("POST", "", 409)]
    [InlineData("PUT", "/one", 409)]
    [InlineData("DELETE", "/one", 409)]
    [InlineData("PATCH", "/one", 200)]
    public async Task Write_ThatDependsOnAChangeNotYetOnDisk_IsAnsweredAfterThatIsVisible(string method, string path, int expected)
    {
        var first = await StartSlowCreateAsync();

        // Everything here was decided by an object that nobody can read yet.
        var (body, type) = method switch
        {
            "PUT" => (Map("one", ",\"resourceVersion\":\"1\""), "application/json"),
            "DELETE" => ("""{"preconditions":{"uid":"other"}}""", "application/json"),
            "PATCH" => ("""{"data":{"a":"b"}}""", "application/merge-patch+json"),
            _ => (Map("one"), "application/json"),
        };
        var second = Task.Run(async () =>
        {
            var (code, answer) = await _server.SendAsync(method, Maps + path, body, type);
            return (code, answer, Seen: (await _server.SendAsync("GET", Maps + "/one")).Code);
        }, TestContext.Current.CancellationToken);
        await Task.WhenAny(second, Task.Delay(200, TestContext.Current.CancellationToken));
        Assert.Equal(404, (await _server.SendAsync("GET", Maps + "/one")).Code);
        _disk.Set();
        var result = await second;
        Assert.Equal(201, (await first).Code);
        Assert.Equal((expected, 200), (result.code, result.Seen));
    }

    [Fact]
    public async Task Refusal_WhoseReasonWasTakenBack_BecomesTryAgain()
    {
        var first = await StartSlowCreateAsync();
        var second = _server.SendAsync("POST", Maps, Map("one"));
        await Task.WhenAny(second, Task.Delay(200, TestContext.Current.CancellationToken));
        _broken = true;
        _disk.Set();
        Assert.Equal(500, (await first).Code);

        // Either it came before the failure and depended on it, or after it and met the broken disk itself: never "exists already".
        Assert.Contains((await second).Code, new[] { 503, 500 });
        _broken = false;
        Assert.Equal(201, (await _server.SendAsync("POST", Maps, Map("one"))).Code);
    }

    [Fact]
    public async Task Crd_ThatCanBeReadAsEstablished_IsServed()
    {
        for (var i = 0; i < 20; i++)
        {
            var crd = $$$"""
                {"metadata":{"name":"t{{{i}}}s.example.org"},"spec":{"group":"example.org","scope":"Cluster","names":{"plural":"t{{{i}}}s","singular":"t{{{i}}}","kind":"T{{{i}}}","listKind":"T{{{i}}}List"},
                "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"} } }]}}
                """;
            var create = _server.SendAsync("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd);
            while ((await _server.SendAsync("GET", $"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/t{i}s.example.org")).Code != 200)
            {
                TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            }
            Assert.Equal(200, (await _server.SendAsync("GET", $"/apis/example.org/v1/t{i}s")).Code);
            Assert.Equal(201, (await create).Code);
        }
    }

    private static string Map(string name, string extra = "") => $$$"""{"metadata":{"name":"{{{name}}}"{{{extra}}}},"data":{"a":"b"}}""";

    /// <summary>A create that is accepted and waits for the disk.</summary>
    private async Task<Task<(int Code, JsonObject Body)>> StartSlowCreateAsync()
    {
        _syncing = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _disk.Reset();
        var create = Task.Run(() => _server.SendAsync("POST", Maps, Map("one")), TestContext.Current.CancellationToken);
        await _syncing.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        return create;
    }

    private void Sync(SafeFileHandle file)
    {
        _syncing.TrySetResult();
        _disk.Wait();
        if (_broken)
        {
            throw new IOException("the test broke the disk");
        }
        RandomAccess.FlushToDisk(file);
    }
}

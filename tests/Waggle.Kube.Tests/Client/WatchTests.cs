using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Waggle.Kube.Client;

namespace Waggle.Kube.Tests.Client;

public sealed class WatchTests : IAsyncLifetime
{
    private FakeApi _api = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _api = await FakeApi.StartAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task Watch_AllEventTypes_InOrder()
    {
        _api.Handler = context => FakeApi.Lines(
            context,
            """{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"1"}}}""",
            "",
            """{"object":{"metadata":{"name":"a","resourceVersion":"2"},"extra":{"type":"x","object":[1]}},"type":"MODIFIED"}""",
            """{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}""",
            """{"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"10"}}}""");
        using var client = _api.Client();
        var seen = await Collect(client);

        Assert.Equal(["Added 1", "Modified 2", "Bookmark 9", "Deleted 10"], seen);
        Assert.Equal("GET /api/v1/nodes?watch=true&allowWatchBookmarks=true&resourceVersion=5", _api.Requests.Single());
    }

    [Fact]
    public async Task Watch_ErrorEvent_ThrowsItsStatus()
    {
        _api.Handler = context => FakeApi.Lines(context, """{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}""");
        using var client = _api.Client();
        var error = await Assert.ThrowsAsync<KubeApiException>(() => Collect(client));

        Assert.True(error.IsGone);
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("""{"type":"ADDED"}""")]
    [InlineData("""{"type":"EXPLODED","object":{}}""")]
    [InlineData("""[]""")]
    [InlineData("""{"type":"ADDED","object":null}""")]
    [InlineData("""{"type":"ADDED","object":{"metadata":{"labels":7}}}""")]
    public async Task Watch_MalformedLine_TypedException(string line)
    {
        _api.Handler = context => FakeApi.Lines(context, line);
        using var client = _api.Client();

        await Assert.ThrowsAsync<KubeApiException>(() => Collect(client));
    }

    [Fact]
    public async Task Watch_LastLineCutOff_NotDelivered()
    {
        _api.Handler = async context => await context.Response.WriteAsync("{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}\n{\"type\":\"ADD", Cancellation);
        using var client = _api.Client();

        Assert.Single(await Collect(client));
    }

    [Fact]
    public async Task ReadLines_AnyChunking_SameLines()
    {
        var random = new Random(3);
        var lines = Enumerable.Range(0, 200).Select(i => new string((char)('a' + (i % 26)), random.Next(1, 40_000))).ToList();
        var bytes = Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n");
        await using var reader = new WatchLineReader(new ChunkedStream(bytes, random));
        var seen = new List<string>();
        while (await reader.ReadAsync(Cancellation) is { } line)
        {
            seen.Add(Encoding.UTF8.GetString(line.Span));
        }

        Assert.Equal(lines, seen);
    }

    [Fact]
    public async Task ReadLines_EndlessLine_Refused()
    {
        await using var reader = new WatchLineReader(new ChunkedStream(new byte[WatchLineReader.MaxLine + (1 << 20)], new Random(1), 1 << 20));

        await Assert.ThrowsAsync<InvalidDataException>(async () => await reader.ReadAsync(Cancellation));
    }

    [Fact]
    public void Split_RandomBytes_NeverAnotherException()
    {
        var random = new Random(7);
        var seed = """{"type":"ADDED","object":{"metadata":{"name":"a","labels":{"k":"v"}}}}"""u8.ToArray();
        for (var i = 0; i < 20_000; i++)
        {
            var copy = seed.ToArray();
            for (var n = random.Next(1, 4); n > 0; n--)
            {
                copy[random.Next(copy.Length)] = (byte)random.Next(256);
            }

            try
            {
                WatchFrame.Split(copy.AsSpan(0, random.Next(copy.Length + 1)));
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                Assert.IsAssignableFrom<JsonException>(e);
            }
        }
    }

    private static async Task<List<string>> Collect(KubeClient client)
    {
        var seen = new List<string>();
        await foreach (var change in client.WatchAsync(KubeTypes.Nodes, null, new() { ResourceVersion = "5" }, Cancellation))
        {
            seen.Add($"{change.Type} {change.Object.Metadata.ResourceVersion}");
        }

        return seen;
    }

    private sealed class ChunkedStream(byte[] data, Random random, int max = 10_000) : MemoryStream(data)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, random.Next(1, max))], cancellationToken);
    }
}

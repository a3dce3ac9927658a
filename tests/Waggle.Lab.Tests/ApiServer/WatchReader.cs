using System.Text.Json.Nodes;

namespace Waggle.Lab.Tests.ApiServer;

/// <summary>Reads the events of a watch one by one.</summary>
internal sealed class WatchReader(HttpResponseMessage response, StreamReader reader) : IAsyncDisposable
{
    public static async Task<WatchReader> OpenAsync(ServerFixture server, string path)
    {
        var response = await server.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal(200, (int)response.StatusCode);
        return new WatchReader(response, new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken)));
    }

    public async Task<JsonObject> NextAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        return (JsonObject)JsonNode.Parse(await reader.ReadLineAsync(limit.Token) ?? throw new InvalidOperationException("the watch ended"))!;
    }

    public ValueTask DisposeAsync()
    {
        reader.Dispose();
        response.Dispose();
        return ValueTask.CompletedTask;
    }
}

using Waggle.Hubble.Protocol.Recorders;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;
using Waggle.Hubble.Tests.Shared;

namespace Waggle.Hubble.Tests.Rpc;

public sealed class DuplexTests
{
    [Fact]
    public async Task Send_WithNobodyThere_FailsAtOnce()
    {
        using var channel = new RpcChannel(RpcTarget.Unix("/nonexistent/hubble.sock"));
        await using var call = channel.Duplex(HubbleMethods.Record, cancellation: TestContext.Current.CancellationToken);
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.SendAsync(new RecordRequest { Stop = new StopRecording() }).AsTask());
        Assert.Equal(RpcStatusCode.Unavailable, failure.Code);
    }

    [Fact]
    public async Task Send_ToAServerThatAnswersBeforeItHears_TellsItsStatus()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Connect();
        for (var i = 0; i < 100; i++)
        {
            // Whether the answer overtakes the request is chance: either way the status must come out.
            await using var call = channel.Duplex(HubbleMethods.Record, cancellation: TestContext.Current.CancellationToken);
            var failure = await Assert.ThrowsAsync<RpcException>(async () =>
            {
                await call.SendAsync(new RecordRequest { Stop = new StopRecording() }).AsTask().WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
                await foreach (var _ in call.ReadAllAsync())
                {
                }
            });
            Assert.True(failure.Code == RpcStatusCode.Unimplemented, failure.ToString());
        }
    }
}

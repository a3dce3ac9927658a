using Waggle.Hubble.Protocol.Recorders;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;

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
}

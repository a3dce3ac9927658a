using Waggle.Hubble.Codec;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Ring;

namespace Waggle.Agent.Tests.HubbleOutlets;

public sealed class RedactionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("wgt-redact-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Layer7Record_WhoeverMakesIt_IsRedactedInTheRingAndInExports()
    {
        string file = Path.Combine(_folder, "flows.log");
        await using OutletRig rig = await OutletRig.StartAsync(
            ("hubble-export-file-path", file), ("hubble-redact-enabled", "true"), ("hubble-redact-http-urlquery", "true"), ("hubble-redact-http-headers-allow", "traceparent"));
        Layer7 record = Request();
        await OutletRig.UntilAsync(() => { rig.Write(l7: record); return OutletRig.LinesAsync(file); }, lines => lines.Length > 0, "it is exported");
        Assert.All(await OutletRig.LinesAsync(file), line =>
        {
            Assert.DoesNotContain("secret", line, StringComparison.Ordinal);
            Assert.Contains("HUBBLE_REDACTED", line, StringComparison.Ordinal);
        });
        Assert.Equal(RingRead.Read, rig.Ring.TryRead(rig.Ring.Newest, out var kept));
        HTTP seen = FlowEncoder.Encode(kept).L7.Http;
        Assert.Equal(("http://user:HUBBLE_REDACTED@shop/pay", "HUBBLE_REDACTED", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), (seen.Url, seen.Headers[0].Value, seen.Headers[1].Value));

        // The trace is known although its header may be hidden.
        Assert.Equal("4bf92f3577b34da6a3ce929d0e0e4736", kept.TraceId);

        // The maker's own record may be shared, and stays.
        Assert.Equal(Request(), record);
    }

    [Fact]
    public async Task Layer7Record_WithoutRedaction_StaysAsItIs()
    {
        await using OutletRig rig = await OutletRig.StartAsync();
        rig.Write(l7: Request());
        Assert.Equal(RingRead.Read, rig.Ring.TryRead(1, out var kept));
        Assert.Equal(Request(), FlowEncoder.Encode(kept).L7);
    }

    private static Layer7 Request() => new()
    {
        Type = L7FlowType.Request,
        Http = new HTTP
        {
            Method = "GET", Protocol = "HTTP/1.1", Url = "http://user:secret@shop/pay?card=secret",
            Headers = { new HTTPHeader { Key = "Authorization", Value = "Bearer secret" }, new HTTPHeader { Key = "traceparent", Value = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" } },
        },
    };
}

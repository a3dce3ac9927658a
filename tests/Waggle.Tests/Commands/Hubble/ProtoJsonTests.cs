using Waggle.Commands.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Tests.Commands.Hubble;

public sealed class ProtoJsonTests
{
    [Fact]
    public void Of_AMessage_HasNoSpacesButThoseOfItsTexts()
    {
        var flow = new Flow { Verdict = Verdict.Dropped, NodeName = """a \" b: { "c" }\\""", Source = new Endpoint { ID = 7, Labels = { "k8s:app=web", " x " } } };
        Assert.Equal("""{"verdict":"DROPPED","source":{"ID":7,"labels":["k8s:app=web"," x "]},"node_name":"a \\\" b: { \"c\" }\\\\"}""", ProtoJson.Of(flow));
    }
}

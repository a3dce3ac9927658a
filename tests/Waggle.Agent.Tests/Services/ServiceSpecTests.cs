using System.Net;
using System.Text.Json.Nodes;
using Waggle.Agent.Services;

namespace Waggle.Agent.Tests.Services;

public sealed class ServiceSpecTests
{
    private static readonly IPAddress[] s_node = [IPAddress.Parse("172.18.0.2"), IPAddress.Parse("fc00::2")];

    [Theory]
    [InlineData("""{"clusterIP":"10.96.0.1","clusterIPs":["10.96.0.1","fd00::1"],"ports":[{"port":80}]}""", "ClusterIP 10.96.0.1:80/TCP, ClusterIP [fd00::1]:80/TCP")]
    [InlineData("""{"clusterIP":"10.96.0.1","ports":[{"port":53,"protocol":"UDP"},{"port":53,"protocol":"TCP"},{"port":9,"protocol":"SCTP"}]}""", "ClusterIP 10.96.0.1:53/UDP, ClusterIP 10.96.0.1:53/TCP, ClusterIP 10.96.0.1:9/SCTP")]
    [InlineData("""{"clusterIP":"10.96.0.1","externalIPs":["192.0.2.1","2001:db8::1"],"ports":[{"port":80,"nodePort":30000}]}""", "ClusterIP 10.96.0.1:80/TCP, ExternalIPs 192.0.2.1:80/TCP, ExternalIPs [2001:db8::1]:80/TCP")]
    [InlineData("""{"type":"NodePort","clusterIP":"10.96.0.1","ports":[{"port":80,"nodePort":30080}]}""", "ClusterIP 10.96.0.1:80/TCP, NodePort 172.18.0.2:30080/TCP")]
    [InlineData("""{"type":"LoadBalancer","clusterIP":"10.96.0.1","ports":[{"port":80}]}""", "ClusterIP 10.96.0.1:80/TCP, LoadBalancer 192.0.2.9:80/TCP")]
    [InlineData("""{"clusterIP":"None","clusterIPs":["None"],"ports":[{"port":80}]}""", "")]
    [InlineData("""{"type":"ExternalName","externalName":"example.org","clusterIP":"10.96.0.1","ports":[{"port":80}]}""", "")]
    [InlineData("""{"clusterIP":"10.96.0.1","externalIPs":["10.96.0.1","","x",7,null],"ports":[{"port":80},{"port":0},{"port":70000},{"port":"80"},{"port":81,"protocol":"ICMP"},7,null]}""", "ClusterIP 10.96.0.1:80/TCP")]
    [InlineData("""{"clusterIPs":"x","externalIPs":{},"ports":{}}""", "")]
    [InlineData("7", "")]
    public void Frontends_AreTheAddressesThatMakeSense(string spec, string expected)
    {
        var service = new JsonObject
        {
            ["metadata"] = new JsonObject { ["namespace"] = "shop", ["name"] = "cart" }, ["spec"] = JsonNode.Parse(spec),
            ["status"] = JsonNode.Parse("""{"loadBalancer":{"ingress":[{"ip":"192.0.2.9"},{"hostname":"lb.example.org"},7]}}"""),
        };
        Assert.Equal(expected, string.Join(", ", ServiceSpec.Of(service).Frontends(s_node).Select(f => $"{f.Type} {f.Frontend}")));
    }

    [Fact]
    public void Frontends_OfTooMany_AreBounded()
    {
        var service = new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["clusterIP"] = "10.96.0.1", ["ports"] = new JsonArray([.. Enumerable.Range(1, 100).Select(p => (JsonNode)new JsonObject { ["port"] = p })]),
                ["externalIPs"] = new JsonArray([.. Enumerable.Range(1, 200).Select(a => (JsonNode)$"192.0.2.{a}")]),
            },
        };
        Assert.Equal(ServiceSpec.MaxFrontends, ServiceSpec.Of(JsonNode.Parse(service.ToJsonString())!.AsObject()).Frontends(s_node).Count());
    }

    [Fact]
    public void Slice_OfReadyEndpoints_IsRead()
    {
        ServiceSlice slice = ServiceSlice.Of(JsonNode.Parse("""
            {"metadata":{"namespace":"shop","name":"cart-1","labels":{"kubernetes.io/service-name":"cart"}},"ports":[{"name":"http","port":8080},{"port":"x"},7,{"name":"d","protocol":"UDP","port":53}],
             "endpoints":[{"addresses":["10.0.0.1","10.0.0.2"]},{"addresses":["10.0.0.3"],"conditions":{"ready":false}},{"addresses":["10.0.0.4"],"conditions":{"ready":true}},{"addresses":["x"]},{"addresses":{}},{},7]}
            """)!.AsObject())!;
        Assert.Equal(("shop/cart", "cart-1"), (slice.Service, slice.Name));
        Assert.Equal([("http", (byte)6, (ushort)8080), ("d", (byte)17, (ushort)53)], slice.Ports);
        Assert.Equal(["10.0.0.1", "10.0.0.4"], slice.Addresses.Select(a => a.ToString()));
        Assert.Null(ServiceSlice.Of([]));
        Assert.Null(ServiceSlice.Of(JsonNode.Parse("""{"metadata":{"labels":7}}""")!.AsObject()));
    }
}

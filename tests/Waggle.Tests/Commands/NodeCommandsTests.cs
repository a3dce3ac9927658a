using Waggle.Cli;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands;

/// <summary>Commands that ask the agent of the node.</summary>
public sealed class NodeCommandsTests
{
    private const string Endpoints = """
        [{"id":1234,"identity":4711,"namespace":"default","pod":"luke","ipv4":"10.0.1.200","ipv6":null,"labels":["k8s:class=x-wing","k8s:org=alliance"],"state":"ready"},
         {"id":7,"identity":1,"namespace":"","pod":"","ipv4":null,"ipv6":"fd00::7","labels":[],"state":"waiting-for-identity"}]
        """;

    [Fact]
    public async Task EndpointList_OnANode_HasTheKnownColumns()
    {
        using var node = new FakeNode(("/v1/tables/endpoints", Endpoints));
        Assert.Equal(
            new Outcome(
                ExitCode.Ok,
                "ENDPOINT   POLICY (ingress)   POLICY (egress)   IDENTITY   LABELS (source:key[=value])   IPv6      IPv4         STATUS\n" +
                "           ENFORCEMENT        ENFORCEMENT                                                                       \n" +
                "7          Disabled           Disabled          1          no labels                     fd00::7                waiting-for-identity\n" +
                "1234       Disabled           Disabled          4711       k8s:class=x-wing                        10.0.1.200   ready\n" +
                "                                                           k8s:org=alliance                                     \n",
                ""),
            await node.RunAsync("cilium", "endpoint", "list"));
    }

    [Theory]
    [InlineData("1234")]
    [InlineData("default/luke")]
    [InlineData("luke")]
    [InlineData("10.0.1.200")]
    public async Task EndpointGet_ByAnyName_FindsIt(string which)
    {
        using var node = new FakeNode(("/v1/tables/endpoints", Endpoints));
        var outcome = await node.RunAsync("cilium", "endpoint", "get", which);
        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.Equal(1234, System.Text.Json.Nodes.JsonNode.Parse(outcome.Output)![0]!["id"]!.GetValue<int>());
    }

    [Fact]
    public async Task EndpointGet_Unknown_Fails()
    {
        using var node = new FakeNode(("/v1/tables/endpoints", Endpoints));
        Assert.Equal(ExitCode.Failed, (await node.RunAsync("cilium", "endpoint", "get", "5")).Code);
    }

    [Fact]
    public async Task IdentityList_IncludesTheReservedOnes()
    {
        using var node = new FakeNode(("/v1/tables/identities", """[{"id":4711,"labels":["k8s:a=b","k8s:c=d"]},{"id":2,"labels":["reserved:world"]}]"""));
        var outcome = await node.RunAsync("cilium", "identity", "list");
        Assert.StartsWith("ID     LABELS\n1      reserved:host\n2      reserved:world\n", outcome.Output);
        Assert.EndsWith("4711   k8s:a=b\n       k8s:c=d\n", outcome.Output);
    }

    [Fact]
    public async Task NodeList_ShowsAddressesAndPrefixes()
    {
        using var node = new FakeNode(("/v1/tables/nodes", """[{"name":"kind-worker","local":true,"ipv4":"172.18.0.3","podPrefixes":["10.0.1.0/24","fd00::100/120"],"routerIPv4":"10.0.1.1"}]"""));
        Assert.Equal(
            "Name          IPv4 Address   Endpoint CIDR   IPv6 Address   Endpoint CIDR   Source\nkind-worker   172.18.0.3     10.0.1.0/24                    fd00::100/120   local\n",
            (await node.RunAsync("cilium", "node", "list")).Output);
    }

    [Fact]
    public async Task State_AnyTable_IsShownByItsFields()
    {
        using var node = new FakeNode(("/v1/tables", """[{"name":"health","rows":1},{"name":"nodes","rows":3}]"""), ("/v1/tables/health", """[{"module":"api","level":"Ok","since":"x","failures":0}]"""));
        Assert.Equal("NAME     ROWS\nhealth   1\nnodes    3\n", (await node.RunAsync("waggle", "state")).Output);
        Assert.Equal("MODULE   LEVEL   SINCE   FAILURES\napi      Ok      x       0\n", (await node.RunAsync("waggle", "state", "health")).Output);
        Assert.Equal("[\n  {\n    \"module\": \"api\",\n    \"level\": \"Ok\",\n    \"since\": \"x\",\n    \"failures\": 0\n  }\n]\n", (await node.RunAsync("waggle", "state", "health", "-o", "json")).Output);
    }

    [Fact]
    public async Task State_UnknownTable_NamesTheNearest()
    {
        using var node = new FakeNode(("/v1/tables", """[{"name":"health"},{"name":"nodes"}]"""));
        var outcome = await node.RunAsync("waggle", "state", "node");
        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains("\"nodes\"", outcome.Error);
    }

    [Fact]
    public async Task State_Watch_ShowsEachChange()
    {
        using var node = new FakeNode(("/v1/tables/nodes?watch=1", "{\"type\":\"updated\",\"row\":{\"name\":\"a\",\"slot\":1}}\n\n{\"type\":\"deleted\",\"row\":{\"name\":\"longer\",\"slot\":2}}\n{\"type\":\"reset\",\"row\":null}\n"));
        Assert.Equal("CHANGE   NAME   SLOT\nupdated   a      1\ndeleted   longer   2\nreset     -        -\n", (await node.RunAsync("waggle", "state", "nodes", "--watch")).Output);
    }

    [Fact]
    public async Task Completion_OfTables_AsksTheAgent()
    {
        using var node = new FakeNode(("/v1/tables", """[{"name":"health"},{"name":"nodes"}]"""));
        Assert.Equal("nodes\n", (await node.RunAsync("waggle", "__complete", "n", "state")).Output);
    }

    [Fact]
    public async Task EndpointList_AgentGone_IsNotReachable()
    {
        using var folder = new TempFolder();
        var socket = Path.Combine(folder.Path, "cilium.sock");
        File.WriteAllText(socket, "");
        var outcome = await InProcess.RunAsync(InProcess.Nowhere with { AgentSocket = socket }, "cilium", "endpoint", "list");
        Assert.Equal(ExitCode.NotReachable, outcome.Code);
        Assert.Contains("the agent does not answer", outcome.Error);
    }

    private const string Status = """
        {"healthy":false,"node":"kind-worker","starting":"","tables":{"endpoints":2},
         "modules":[{"module":"api","ok":true,"message":""},{"module":"reconciler/routes","ok":false,"message":"no such device"}]}
        """;

    [Fact]
    public async Task Status_OfTheAgent_ShowsWhatIsNotWell()
    {
        using var node = new FakeNode(("/v1/status", Status));
        Assert.Equal(
            new Outcome(
                ExitCode.Failed,
                "Healthy:   false\nNode:      kind-worker\nTables:    endpoints 2\nModules:   1/2 healthy\n\nMODULE              OK      MESSAGE\nreconciler/routes   false   no such device\n",
                ""),
            await node.RunAsync("cilium", "status"));
    }

    [Fact]
    public async Task Status_OfTheAgentVerbose_ShowsEveryModule()
    {
        using var node = new FakeNode(("/v1/status", Status.Replace("false", "true")));
        var outcome = await node.RunAsync("cilium", "status", "--verbose");
        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.Contains("api                 true   -\n", outcome.Output);
    }

    [Fact]
    public async Task Monitor_DropsAndLosses_AreShown()
    {
        var frame = Convert.ToBase64String(Frames.Udp4("10.0.1.5", 1234, "225.0.0.11", 6666));
        using var node = new FakeNode(("/v1/monitor",
            $$"""
            {"type":"drop","reason":231,"direction":"egress","file":1,"line":77,"endpoint":42,"ifindex":9,"sourceIdentity":4711,"destinationIdentity":0,"packet":"{{frame}}"}
            {"type":"trace","point":"to-endpoint","endpoint":42,"ifindex":9,"sourceIdentity":2,"destinationIdentity":4711,"packet":"{{frame}}"}
            {"type":"drop","reason":132,"endpoint":43,"packet":"!"}
            {"type":"lost","count":5}

            """.ReplaceLineEndings("\n")));
        var outcome = await node.RunAsync("cilium", "monitor", "--related-to", "42", "--quiet");
        Assert.Equal(
            "xx drop (Multicast unconfigured) endpoint 42, ifindex 9, file pod.bpf.c:77, identity 4711->unknown: 10.0.1.5:1234 -> 225.0.0.11:6666 udp\n" +
            "-> endpoint 42, ifindex 9 identity 2->4711: 10.0.1.5:1234 -> 225.0.0.11:6666 udp\n" +
            "!! 5 events lost: the ring buffer was full\n",
            outcome.Output);
        Assert.Equal(ExitCode.Partial, outcome.Code);
    }

    [Fact]
    public async Task Monitor_UnknownType_NamesTheNearest()
    {
        var outcome = await InProcess.RunAsync("cilium", "monitor", "--type", "dorp");
        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains("\"drop\"", outcome.Error);
    }
}

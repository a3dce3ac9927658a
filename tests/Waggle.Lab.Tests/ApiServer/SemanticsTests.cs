using System.Net;
using System.Text.Json.Nodes;
using Waggle.Lab.ApiServer;

namespace Waggle.Lab.Tests.ApiServer;

/// <summary>What clients rely on beneath kubectl.</summary>
public sealed class SemanticsTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const string Pods = "/api/v1/namespaces/default/pods";

    private static string Text(JsonNode? node, params string[] path) => J.Show(J.At(node, path));

    private static string Map(string name, string extra = "") => $$$"""{"metadata":{"name":"{{{name}}}"{{{extra}}}},"data":{"a":"b"}}""";

    private static string Pod(string name, string spec = "") => $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"containers":[{"name":"c","image":"x"}]{{{spec}}}}}""";

    [Fact]
    public async Task Update_WithAStaleResourceVersion_Conflicts()
    {
        var made = await server.CreateAsync(Maps, Map("stale"));
        var version = Text(made, "metadata", "resourceVersion");
        Assert.Equal(200, (await server.SendAsync("PATCH", Maps + "/stale", """{"data":{"x":"y"}}""", "application/merge-patch+json")).Code);
        var (code, status) = await server.SendAsync("PUT", Maps + "/stale", Map("stale", $",\"resourceVersion\":\"{version}\""));
        Assert.Equal((409, "Conflict"), (code, Text(status, "reason")));
        Assert.Equal(200, (await server.SendAsync("PUT", Maps + "/stale", Map("stale"))).Code);
    }

    [Fact]
    public async Task Update_ThatChangesNothing_KeepsTheRevision()
    {
        var made = await server.CreateAsync(Maps, Map("same"));
        var (_, again) = await server.SendAsync("PATCH", Maps + "/same", """{"data":{"a":"b"}}""", "application/merge-patch+json");
        Assert.Equal(Text(made, "metadata", "resourceVersion"), Text(again, "metadata", "resourceVersion"));
    }

    [Fact]
    public async Task Create_Twice_IsRefusedAsExisting()
    {
        await server.CreateAsync(Maps, Map("twice"));
        var (code, status) = await server.SendAsync("POST", Maps, Map("twice"));
        Assert.Equal((409, "AlreadyExists", "configmaps \"twice\" already exists"), (code, Text(status, "reason"), Text(status, "message")));
    }

    [Fact]
    public async Task DryRun_StoresNothing()
    {
        Assert.Equal(201, (await server.SendAsync("POST", Maps + "?dryRun=All", Map("dry"))).Code);
        Assert.Equal(404, (await server.SendAsync("GET", Maps + "/dry")).Code);
        Assert.Equal(400, (await server.SendAsync("POST", Maps + "?dryRun=Some", Map("dry"))).Code);
    }

    [Fact]
    public async Task Delete_OfAPodOnANode_WaitsForItsKubelet()
    {
        await server.CreateAsync(Pods, Pod("graceful", ",\"nodeName\":\"node1\""));
        var (_, marked) = await server.SendAsync("DELETE", Pods + "/graceful");
        Assert.Equal("30", Text(marked, "metadata", "deletionGracePeriodSeconds"));
        Assert.Equal(200, (await server.SendAsync("GET", Pods + "/graceful")).Code);
        var (code, _) = await server.SendAsync("DELETE", Pods + "/graceful", """{"gracePeriodSeconds":0,"preconditions":{"uid":"other"}}""");
        Assert.Equal(409, code);
        await server.SendAsync("DELETE", Pods + "/graceful", """{"gracePeriodSeconds":0}""");
        Assert.Equal(404, (await server.SendAsync("GET", Pods + "/graceful")).Code);
    }

    [Fact]
    public async Task Delete_WithFinalizers_WaitsUntilTheyAreGone()
    {
        await server.CreateAsync(Maps, Map("held", ",\"finalizers\":[\"example.com/x\"]"));
        await server.SendAsync("DELETE", Maps + "/held");
        var (_, held) = await server.SendAsync("GET", Maps + "/held");
        Assert.NotEqual("null", Text(held, "metadata", "deletionTimestamp"));
        var (code, refused) = await server.SendAsync("PATCH", Maps + "/held", """{"metadata":{"finalizers":["example.com/x","example.com/y"]}}""", "application/merge-patch+json");
        Assert.Equal(422, code);
        Assert.Contains("no new finalizers", Text(refused, "message"), StringComparison.Ordinal);
        Assert.Equal(200, (await server.SendAsync("PATCH", Maps + "/held", """{"metadata":{"finalizers":null}}""", "application/merge-patch+json")).Code);
        Assert.Equal(404, (await server.SendAsync("GET", Maps + "/held")).Code);
    }

    [Theory]
    [InlineData("Foreground", "foregroundDeletion")]
    [InlineData("Orphan", "orphan")]
    public async Task Delete_WithAPolicy_LeavesItsFinalizerToTheCollector(string policy, string finalizer)
    {
        var name = policy.ToLowerInvariant();
        await server.CreateAsync(Maps, Map(name));
        var (_, marked) = await server.SendAsync("DELETE", $"{Maps}/{name}?propagationPolicy={policy}");
        Assert.Equal($"[\"{finalizer}\"]", Text(marked, "metadata", "finalizers"));
    }

    [Fact]
    public async Task Status_IsWrittenOnlyThroughItsSubresource()
    {
        await server.CreateAsync(Pods, Pod("split"));
        var (_, pod) = await server.SendAsync("PATCH", Pods + "/split", """{"status":{"phase":"Running"},"metadata":{"labels":{"l":"1"}}}""", "application/merge-patch+json");
        Assert.Equal(("Pending", "1"), (Text(pod, "status", "phase"), Text(pod, "metadata", "labels", "l")));
        (_, pod) = await server.SendAsync("PATCH", Pods + "/split/status", """{"status":{"phase":"Running"},"spec":{"hostname":"h"}}""", "application/merge-patch+json");
        Assert.Equal(("Running", "null"), (Text(pod, "status", "phase"), Text(pod, "spec", "hostname")));
    }

    [Fact]
    public async Task Binding_SetsTheNodeOnce()
    {
        await server.CreateAsync(Pods, Pod("bound"));
        const string binding = """{"metadata":{"name":"bound"},"target":{"kind":"Node","name":"n1"}}""";
        Assert.Equal(201, (await server.SendAsync("POST", Pods + "/bound/binding", binding)).Code);
        Assert.Equal(409, (await server.SendAsync("POST", Pods + "/bound/binding", binding)).Code);
        var (_, pod) = await server.SendAsync("GET", Pods + "/bound");
        Assert.Equal(("n1", "PodScheduled"), (Text(pod, "spec", "nodeName"), Text(((JsonArray)pod["status"]!["conditions"]!)[0], "type")));
    }

    [Fact]
    public async Task List_InPages_ShowsOneState()
    {
        for (var i = 0; i < 5; i++)
        {
            await server.CreateAsync("/api/v1/namespaces/kube-public/configmaps", Map($"page{i}"));
        }
        const string list = "/api/v1/namespaces/kube-public/configmaps?limit=2";
        var (_, page) = await server.SendAsync("GET", list);
        Assert.Equal(("2", "3"), (((JsonArray)page["items"]!).Count.ToString(System.Globalization.CultureInfo.InvariantCulture), Text(page, "metadata", "remainingItemCount")));
        await server.CreateAsync("/api/v1/namespaces/kube-public/configmaps", Map("page0a"));
        var names = new List<string>();
        while (true)
        {
            names.AddRange(((JsonArray)page["items"]!).Select(i => Text(i, "metadata", "name")));
            if (J.At(page, "metadata", "continue") is not { } token)
            {
                break;
            }
            (_, page) = await server.SendAsync("GET", $"{list}&continue={Uri.EscapeDataString(J.Show(token))}");
        }
        Assert.Equal(["page0", "page1", "page2", "page3", "page4"], names);
        Assert.Equal(400, (await server.SendAsync("GET", list + "&continue=rubbish!")).Code);
        Assert.Equal(410, (await server.SendAsync("GET", list + "&continue=" + Convert.ToBase64String("1|x"u8))).Code);
    }

    [Fact]
    public async Task Watch_WithASelector_ReportsLeavingAsDeletion()
    {
        var made = await server.CreateAsync(Maps, Map("moving", ",\"labels\":{\"w\":\"1\"}"));
        await using var watch = await WatchReader.OpenAsync(server, $"{Maps}?watch=1&labelSelector=w%3D1&resourceVersion={Text(made, "metadata", "resourceVersion")}");
        await server.SendAsync("PATCH", Maps + "/moving", """{"data":{"c":"d"}}""", "application/merge-patch+json");
        await server.SendAsync("PATCH", Maps + "/moving", """{"metadata":{"labels":{"w":"2"}}}""", "application/merge-patch+json");
        Assert.Equal("MODIFIED", Text(await watch.NextAsync(), "type"));
        Assert.Equal("DELETED", Text(await watch.NextAsync(), "type"));
    }

    [Fact]
    public async Task Watch_WithInitialEvents_EndsThemWithABookmark()
    {
        await server.CreateAsync("/api/v1/namespaces/kube-node-lease/configmaps", Map("first"));
        await using var watch = await WatchReader.OpenAsync(server, "/api/v1/namespaces/kube-node-lease/configmaps?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
        Assert.Equal("first", Text(await watch.NextAsync(), "object", "metadata", "name"));
        var bookmark = await watch.NextAsync();
        Assert.Equal(("BOOKMARK", "true"), (Text(bookmark, "type"), Text(bookmark, "object", "metadata", "annotations", "k8s.io/initial-events-end")));
    }

    [Fact]
    public async Task Watch_FromAnUnknownPast_IsGone()
    {
        await server.CreateAsync(Maps, Map("gone1"));
        await using var fixture = new ServerFixture { Configure = o => o with { WatchWindow = 2 } };
        await fixture.InitializeAsync();
        for (var i = 0; i < 5; i++)
        {
            await fixture.CreateAsync(Maps, Map($"m{i}"));
        }
        var (code, status) = await fixture.SendAsync("GET", Maps + "?watch=1&resourceVersion=1");
        Assert.Equal((410, "Expired"), (code, Text(status, "reason")));
    }

    [Theory]
    [InlineData("""{"metadata":{"name":"Bad_Name"}}""", "metadata.name")]
    [InlineData("""{"metadata":{"name":"x","labels":{"a b":"c"}}}""", "metadata.labels")]
    [InlineData("""{"metadata":{"name":"x","labels":{"a":"-"}}}""", "metadata.labels")]
    [InlineData("""{"metadata":{"name":"x"},"data":{"k":5}}""", "data[k]")]
    [InlineData("""{"metadata":{"name":"x"},"data":{"bad key":"v"}}""", "data[bad key]")]
    [InlineData("""{"metadata":{}}""", "metadata.name")]
    public async Task Create_OfBadConfigMaps_NamesTheField(string body, string field)
    {
        var (code, status) = await server.SendAsync("POST", Maps, body);
        Assert.Equal((422, "Invalid"), (code, Text(status, "reason")));
        Assert.Contains(field, ((JsonArray)status["details"]!["causes"]!).Select(c => Text(c, "field")));
    }

    [Theory]
    [InlineData("", "spec.containers", "[]")]
    [InlineData("", "spec.containers[0].name", """[{"name":"UP","image":"x"}]""")]
    [InlineData("", "spec.containers[0].image", """[{"name":"c"}]""")]
    [InlineData("", "spec.containers[1].name", """[{"name":"c","image":"x"},{"name":"c","image":"x"}]""")]
    [InlineData("", "spec.containers[0].volumeMounts[0].name", """[{"name":"c","image":"x","volumeMounts":[{"name":"v","mountPath":"/v"}]}]""")]
    [InlineData("", "spec.containers[0].ports[0].containerPort", """[{"name":"c","image":"x","ports":[{"containerPort":70000}]}]""")]
    [InlineData("", "spec.containers[0].resources.limits[cpu]", """[{"name":"c","image":"x","resources":{"limits":{"cpu":"lots"}}}]""")]
    [InlineData(",\"restartPolicy\":\"Sometimes\"", "spec.restartPolicy", """[{"name":"c","image":"x"}]""")]
    [InlineData(",\"volumes\":[{\"name\":\"v\"}]", "spec.volumes[0]", """[{"name":"c","image":"x"}]""")]
    [InlineData(",\"volumes\":[{\"name\":\"v\",\"emptyDir\":{},\"hostPath\":{\"path\":\"/x\"}}]", "spec.volumes[0]", """[{"name":"c","image":"x"}]""")]
    public async Task Create_OfBadPods_NamesTheField(string spec, string field, string containers)
    {
        var (code, status) = await server.SendAsync("POST", Pods, $$$"""{"metadata":{"name":"bad"},"spec":{"containers":{{{containers}}}{{{spec}}}}}""");
        Assert.Equal(422, code);
        Assert.Contains(field, ((JsonArray)status["details"]!["causes"]!).Select(c => Text(c, "field")));
    }

    [Fact]
    public async Task Update_OfImmutableFields_IsRefused()
    {
        await server.CreateAsync(Pods, Pod("fixed"));
        Assert.Equal(422, (await server.SendAsync("PATCH", Pods + "/fixed", """{"spec":{"hostNetwork":true}}""", "application/merge-patch+json")).Code);
        Assert.Equal(200, (await server.SendAsync("PATCH", Pods + "/fixed", """{"spec":{"containers":[{"name":"c","image":"y"}]}}""", "application/strategic-merge-patch+json")).Code);
        await server.CreateAsync("/apis/apps/v1/namespaces/default/replicasets", """{"metadata":{"name":"rs"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b","c":"d"}},"spec":{"containers":[{"name":"c","image":"x"}]}}}}""");
        var (code, status) = await server.SendAsync("PATCH", "/apis/apps/v1/namespaces/default/replicasets/rs", """{"spec":{"selector":{"matchLabels":{"c":"d"}}}}""", "application/merge-patch+json");
        Assert.Equal(422, code);
        Assert.Contains("field is immutable", Text(status, "message"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/api/v1/namespaces/default/nothings", 404)]
    [InlineData("GET", "/apis/none.example.com/v1/things", 404)]
    [InlineData("GET", "/api/v1/namespaces/default/pods?labelSelector=%3D", 400)]
    [InlineData("GET", "/api/v1/namespaces/default/pods?fieldSelector=spec.x%3Dy", 400)]
    [InlineData("GET", "/api/v1/namespaces/default/pods?limit=x", 400)]
    [InlineData("GET", "/api/v1/namespaces/default/pods?resourceVersion=999999999", 504)]
    [InlineData("POST", "/api/v1/pods", 405)]
    [InlineData("PUT", "/api/v1/namespaces/default/pods", 405)]
    [InlineData("GET", "/no/such/path", 404)]
    public async Task Request_ThatFitsNothing_IsAnsweredWithAStatus(string method, string path, int expected)
    {
        var (code, status) = await server.SendAsync(method, path);
        Assert.Equal((expected, "Status"), (code, Text(status, "kind")));
    }

    [Theory]
    [InlineData("not json", "application/json", 400)]
    [InlineData("[1]", "application/json", 400)]
    [InlineData("", "application/json", 400)]
    [InlineData("{\"kind\":\"Pod\",\"metadata\":{\"name\":\"x\"}}", "application/json", 400)]
    [InlineData("x", "application/vnd.kubernetes.protobuf", 415)]
    [InlineData("{\"metadata\":{\"name\":\"x\",\"namespace\":\"other\"}}", "application/json", 400)]
    public async Task Create_WithABadBody_IsRefused(string body, string type, int expected) => Assert.Equal(expected, (await server.SendAsync("POST", Maps, body, type)).Code);

    [Fact]
    public async Task Create_InAMissingNamespace_SaysSo()
    {
        var (code, status) = await server.SendAsync("POST", "/api/v1/namespaces/missing/configmaps", Map("x"));
        Assert.Equal((404, "namespaces \"missing\" not found"), (code, Text(status, "message")));
    }

    [Fact]
    public async Task Create_TooLarge_IsRefused()
    {
        var (code, _) = await server.SendAsync("POST", Maps, $$$"""{"metadata":{"name":"big"},"data":{"a":"{{{new string('x', 1_600_000)}}}"}}""");
        Assert.Equal(413, code);
        (code, _) = await server.SendAsync("POST", Maps, $$$"""{"metadata":{"name":"big"},"data":{"a":"{{{new string('x', 3_200_000)}}}"}}""");
        Assert.Equal(413, code);
    }

    [Fact]
    public async Task Services_GetAddressesAndPorts()
    {
        const string services = "/api/v1/namespaces/default/services";
        var one = await server.CreateAsync(services, """{"metadata":{"name":"one"},"spec":{"type":"NodePort","ports":[{"port":80}],"clusterIP":"10.96.0.77"}}""");
        Assert.Equal("10.96.0.77", Text(one, "spec", "clusterIP"));
        Assert.InRange(J.Int(one["spec"]!["ports"]![0]!["nodePort"])!.Value, 30000, 32767);
        Assert.Equal("80", Text(one["spec"]!["ports"]![0], "targetPort"));
        var (code, status) = await server.SendAsync("POST", services, """{"metadata":{"name":"two"},"spec":{"ports":[{"port":80}],"clusterIP":"10.96.0.77"}}""");
        Assert.Equal(422, code);
        Assert.Contains("already allocated", Text(status, "message"), StringComparison.Ordinal);
        var headless = await server.CreateAsync(services, """{"metadata":{"name":"none"},"spec":{"ports":[{"port":80}],"clusterIP":"None"}}""");
        Assert.Equal("None", Text(headless, "spec", "clusterIP"));
    }

    [Fact]
    public async Task Events_AreServedInBothGroups()
    {
        await server.CreateAsync("/api/v1/namespaces/default/events", """{"metadata":{"name":"e1"},"involvedObject":{"kind":"Pod","name":"p"},"reason":"Started","message":"hello","type":"Normal"}""");
        var (_, item) = await server.SendAsync("GET", "/apis/events.k8s.io/v1/namespaces/default/events/e1");
        Assert.Equal(("hello", "p", "events.k8s.io/v1"), (Text(item, "note"), Text(item, "regarding", "name"), Text(item, "apiVersion")));
        var (_, list) = await server.SendAsync("GET", "/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Dp,type%3DNormal");
        Assert.Single((JsonArray)list["items"]!);
    }

    [Fact]
    public async Task Secrets_FoldTextIntoData()
    {
        var secret = await server.CreateAsync("/api/v1/namespaces/default/secrets", """{"metadata":{"name":"s"},"stringData":{"a":"hello"}}""");
        Assert.Equal(("aGVsbG8=", "null", "Opaque"), (Text(secret, "data", "a"), Text(secret, "stringData"), Text(secret, "type")));
    }

    [Fact]
    public async Task MulticastGroups_AreCheckedWithThePathOfTheField()
    {
        await server.CreateAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", """
            {"metadata":{"name":"isovalentmulticastgroups.isovalent.com"},"spec":{"group":"isovalent.com","scope":"Namespaced","names":{"plural":"isovalentmulticastgroups","kind":"IsovalentMulticastGroup"},
            "versions":[{"name":"v1alpha1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"groupAddrs":{"type":"array","items":{"type":"string"}}}}}}}}]}}
            """);
        const string groups = "/apis/isovalent.com/v1alpha1/namespaces/default/isovalentmulticastgroups";
        await server.CreateAsync(groups, """{"metadata":{"name":"good"},"spec":{"groupAddrs":["225.0.0.10","ff15::10"]}}""");
        foreach (var bad in (string[])["10.0.0.1", "224.0.0.5", "ff02::1", "ff01::1", "nonsense", "225.1", "fe80::1", ""])
        {
            var (code, status) = await server.SendAsync("POST", groups, $$$"""{"metadata":{"name":"bad"},"spec":{"groupAddrs":["225.0.0.10","{{{bad}}}"]}}""");
            Assert.Equal((422, "spec.groupAddrs[1]"), (code, Text(status["details"]!["causes"]![0], "field")));
            Assert.Contains($"spec.groupAddrs[1]: Invalid value: \"{bad}\":", Text(status, "message"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Restart_KeepsObjectsAndCrds()
    {
        await using var fixture = new ServerFixture();
        await fixture.InitializeAsync();
        await fixture.CreateAsync(Maps, Map("durable"));
        await fixture.CreateAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", """
            {"metadata":{"name":"things.example.com"},"spec":{"group":"example.com","scope":"Cluster","names":{"plural":"things","kind":"Thing"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}
            """);
        await fixture.CreateAsync("/apis/example.com/v1/things", """{"metadata":{"name":"t"},"any":{"thing":1}}""");
        await fixture.StopAsync();
        await fixture.InitializeAsync();
        Assert.Equal(200, (await fixture.SendAsync("GET", Maps + "/durable")).Code);
        var (_, thing) = await fixture.SendAsync("GET", "/apis/example.com/v1/things/t");
        Assert.Equal("1", Text(thing, "any", "thing"));
    }

    [Fact]
    public async Task Nodes_RegisterWithTheirStatus()
    {
        var node = await server.CreateAsync("/api/v1/nodes", """{"metadata":{"name":"n1"},"status":{"addresses":[{"type":"InternalIP","address":"172.18.0.2"}]}}""");
        Assert.Equal("172.18.0.2", Text(node["status"]!["addresses"]![0], "address"));
    }

    [Fact]
    public async Task Endpoint_ThatListensAlready_IsServed()
    {
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        var address = socket.LocalEndPoint!;
        await using var fixture = new ServerFixture { Configure = o => o with { Endpoints = [.. o.Endpoints, new ApiEndpoint.Listening(Waggle.Linux.FileDescriptor.DuplicateOf(socket.SafeHandle))] } };
        await fixture.InitializeAsync();
        using var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        using var client = new HttpClient(handler);
        Assert.Equal("ok", await client.GetStringAsync($"https://{address}/healthz", TestContext.Current.CancellationToken));
        Assert.Equal("ok", await fixture.Http.GetStringAsync("/healthz", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Requests_WithRandomBodies_NeverFailInside()
    {
        var random = new Random(5);
        string[] names = ["metadata", "name", "labels", "spec", "containers", "template", "selector", "matchLabels", "ports", "status", "env", "volumes", "finalizers", "ownerReferences", "managedFields", "clusterIP", "type", "versions", "schema", "openAPIV3Schema", "properties", "names", "group", "conditions", "resources", "limits", "data", "tolerations", "replicas", "fieldsV1", "image"];
        string[] paths = [Pods, Maps, "/api/v1/namespaces/default/services", "/apis/apps/v1/namespaces/default/deployments", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "/api/v1/nodes", "/api/v1/namespaces", "/api/v1/namespaces/default/events", "/apis/events.k8s.io/v1/namespaces/default/events", "/apis/batch/v1/namespaces/default/jobs", "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"];
        JsonNode? Make(int depth) => random.Next(depth > 5 ? 4 : 9) switch
        {
            0 => null,
            1 => JsonValue.Create((long)random.Next(-3, 100)),
            2 => JsonValue.Create(random.Next(2) == 0),
            3 => names[random.Next(names.Length)],
            4 or 5 => new JsonArray([.. Enumerable.Range(0, random.Next(3)).Select(_ => Make(depth + 1))]),
            _ => new JsonObject(Enumerable.Range(0, random.Next(6)).Select(_ => names[random.Next(names.Length)]).Distinct().Select(n => KeyValuePair.Create(n, Make(depth + 1)))),
        };
        for (var i = 0; i < 1500; i++)
        {
            var path = paths[random.Next(paths.Length)];
            var body = Make(1) as JsonObject ?? [];
            if (random.Next(4) != 0)
            {
                body["metadata"] = new JsonObject { ["name"] = "fuzz" + random.Next(20) };
            }
            if (random.Next(2) == 0)
            {
                body["spec"] = Make(1);
            }
            var text = body.ToJsonString(JsonText.NodeOptions);
            var (code, answer) = random.Next(3) switch
            {
                0 => await server.SendAsync("PATCH", path + "/fuzz" + random.Next(20), text, random.Next(2) == 0 ? "application/strategic-merge-patch+json" : "application/merge-patch+json"),
                1 => await server.SendAsync("PATCH", $"{path}/fuzz{random.Next(20)}?fieldManager=f&force=true", text, "application/apply-patch+yaml"),
                _ => await server.SendAsync("POST", path, text),
            };
            Assert.False(code >= 500 && !Text(answer, "message").Contains("failed to create typed patch", StringComparison.Ordinal), $"{path}: {text}: {answer.ToJsonString(JsonText.NodeOptions)}");
        }
    }

    [Fact]
    public async Task Watch_OfAClientThatDoesNotRead_IsEnded()
    {
        await using var fixture = new ServerFixture { Configure = o => o with { WatchWindow = 16 } };
        await fixture.InitializeAsync();
        await fixture.CreateAsync(Maps, Map("busy"));
        await using var watch = await WatchReader.OpenAsync(fixture, Maps + "?watch=1");
        Assert.Equal("ADDED", Text(await watch.NextAsync(), "type"));
        var ballast = new string('x', 400_000);
        for (var i = 0; i < 120; i++)
        {
            Assert.Equal(200, (await fixture.SendAsync("PATCH", Maps + "/busy", $$$"""{"data":{"n":"{{{i}}}","ballast":"{{{ballast}}}"}}""", "application/merge-patch+json")).Code);
        }
        // Everything that was under way can still be read; then the stream says why it ends, or ends.
        try
        {
            for (var i = 0; i < 120; i++)
            {
                var change = await watch.NextAsync();
                if (Text(change, "type") == "ERROR")
                {
                    Assert.Equal("410", Text(change, "object", "code"));
                    return;
                }
            }
            Assert.Fail("the watch was not ended");
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or HttpIOException or System.Text.Json.JsonException)
        {
        }
    }

    [Fact]
    public async Task Events_ThatAreTooOld_AreSweptAway()
    {
        var directory = Directory.CreateTempSubdirectory("wgt-ttl-").FullName;
        using var pki = ClusterPki.LoadOrCreate(Path.Combine(directory, "pki"), []);
        var options = new ApiServerOptions { DataDirectory = Path.Combine(directory, "data"), Pki = pki, Endpoints = [] };
        await using (var runtime = await ApiServerRuntime.OpenAsync(options, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, TestContext.Current.CancellationToken))
        {
            var events = WriteContext.System(runtime.Surface.Find("", "v1", "events")!);
            async Task Report(string name, TimeSpan ago) => await runtime.Writer.CreateAsync(events, "default", (JsonObject)YamlTree.Parse($"{{metadata: {{name: {name}}}, involvedObject: {{kind: Pod}}, lastTimestamp: '{J.Time(DateTimeOffset.UtcNow - ago)}'}}")!);
            await Report("old", TimeSpan.FromMinutes(61));
            await Report("young", TimeSpan.FromMinutes(59));
            await new EventExpiry(runtime).SweepAsync();
            Assert.Equal("young", Assert.Single(runtime.Store.Snapshot("events").Objects).Name);
        }
        Directory.Delete(directory, recursive: true);
    }
}

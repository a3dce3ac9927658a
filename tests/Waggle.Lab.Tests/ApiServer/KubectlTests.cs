using System.Text.Json.Nodes;

namespace Waggle.Lab.Tests.ApiServer;

/// <summary>The server as the kubectl of this machine sees it.</summary>
public sealed class KubectlTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private const string Web = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: NAME, labels: {app: web}}
        spec:
          replicas: 2
          selector: {matchLabels: {app: NAME}}
          template:
            metadata: {labels: {app: NAME}}
            spec:
              containers:
              - name: c
                image: nginx
                ports: [{containerPort: 80}]
                env: [{name: A, value: "1"}]
        """;

    private static string Deployment(string name) => Web.Replace("NAME", name, StringComparison.Ordinal);

    private static string Pod(string name, string extra = "") => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{{name}}}, labels: {class: x-wing}}
        spec: {nodeName: node1, containers: [{name: c, image: nginx}]{{{extra}}} }
        """;

    [Fact]
    public async Task Apply_CreatesThenChangesThenLeavesAlone()
    {
        var text = Deployment("applied");
        Assert.Equal("deployment.apps/applied created\n", (await server.KubectlWithInputAsync(text, "apply", "-f", "-")).Ok);
        Assert.Equal("deployment.apps/applied unchanged\n", (await server.KubectlWithInputAsync(text, "apply", "-f", "-")).Ok);
        Assert.Equal("deployment.apps/applied configured\n", (await server.KubectlWithInputAsync(text.Replace("replicas: 2", "replicas: 3", StringComparison.Ordinal).Replace("\"1\"", "\"2\"", StringComparison.Ordinal), "apply", "-f", "-")).Ok);
        Assert.Equal("3 2 2", (await server.KubectlAsync("get", "deploy", "applied", "-o", "jsonpath={.spec.replicas} {.spec.template.spec.containers[0].env[0].value} {.metadata.generation}")).Ok);
    }

    [Fact]
    public async Task Diff_ShowsWhatApplyWouldDo()
    {
        await server.KubectlWithInputAsync(Deployment("differing"), "apply", "-f", "-");
        var diff = await server.KubectlWithInputAsync(Deployment("differing").Replace("image: nginx", "image: nginx:2", StringComparison.Ordinal), "diff", "-f", "-");
        Assert.Equal(1, diff.ExitCode);
        Assert.Contains("+      - image: nginx:2", diff.Output.Replace("\t", " ", StringComparison.Ordinal).Replace("+        image", "+      - image", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ScaleLabelAnnotatePatchSetImage_Work()
    {
        (await server.KubectlWithInputAsync(Deployment("tools"), "create", "-f", "-")).Ok.ToString();
        Assert.Equal("deployment.apps/tools scaled\n", (await server.KubectlAsync("scale", "deploy", "tools", "--replicas=5")).Ok);
        Assert.Equal("deployment.apps/tools labeled\n", (await server.KubectlAsync("label", "deploy", "tools", "x=y")).Ok);
        Assert.Equal("deployment.apps/tools annotated\n", (await server.KubectlAsync("annotate", "deploy", "tools", "note=here")).Ok);
        Assert.Equal("deployment.apps/tools image updated\n", (await server.KubectlAsync("set", "image", "deploy/tools", "c=nginx:3")).Ok);
        Assert.Equal("deployment.apps/tools patched\n", (await server.KubectlAsync("patch", "deploy", "tools", "--type=json", "-p", """[{"op":"replace","path":"/spec/minReadySeconds","value":1}]""")).ExitCode == 0 ? "" : (await server.KubectlAsync("patch", "deploy", "tools", "--type=json", "-p", """[{"op":"add","path":"/spec/minReadySeconds","value":1}]""")).Ok);
        Assert.Equal("5 y here nginx:3 1", (await server.KubectlAsync("get", "deploy", "tools", "-o", "jsonpath={.spec.replicas} {.metadata.labels.x} {.metadata.annotations.note} {.spec.template.spec.containers[0].image} {.spec.minReadySeconds}")).Ok);
    }

    [Fact]
    public async Task GetPods_ShowsTheColumnsOfTheTranscript()
    {
        (await server.KubectlWithInputAsync(Pod("luke"), "apply", "-f", "-")).Ok.ToString();
        var (code, _) = await server.SendAsync("PATCH", "/api/v1/namespaces/default/pods/luke/status", """
            {"status":{"phase":"Running","podIP":"10.0.1.200","podIPs":[{"ip":"10.0.1.200"}],"containerStatuses":[{"name":"c","ready":true,"restartCount":0,"image":"nginx","imageID":"","state":{"running":{"startedAt":"2024-01-01T00:00:00Z"}}}]}}
            """, "application/strategic-merge-patch+json");
        Assert.Equal(200, code);
        var lines = (await server.KubectlAsync("get", "po", "luke", "-o", "wide", "--show-labels")).Ok.Split('\n');
        Assert.Equal("NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES LABELS", string.Join(' ', lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Matches(@"^luke +1/1 +Running +0 +\d+s +10\.0\.1\.200 +node1 +<none> +<none> +class=x-wing$", lines[1]);
        Assert.Equal("pod/luke\n", (await server.KubectlAsync("get", "po", "-l", "class=x-wing", "--field-selector", "spec.nodeName=node1,metadata.name=luke", "-o", "name")).Ok);
    }

    [Fact]
    public async Task Create_WithGenerateName_DrawsAName()
    {
        var output = (await server.KubectlWithInputAsync("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: drawn-}\ndata: {a: b}\n", "create", "-f", "-", "-o", "name")).Ok;
        Assert.Matches("^configmap/drawn-[a-z0-9]{5}\n$", output);
    }

    [Fact]
    public async Task GetWatch_ShowsChangesAsRows()
    {
        (await server.KubectlAsync("create", "configmap", "seen", "--from-literal=a=b")).Ok.ToString();
        var watching = server.KubectlAsync("get", "configmap", "seen", "--watch", "--request-timeout=4s");
        await server.SendAsync("PATCH", "/api/v1/namespaces/default/configmaps/seen", """{"data":{"c":"d"}}""", "application/merge-patch+json");
        var output = (await watching).Output;
        Assert.Matches(@"seen +2 ", output);
    }

    [Fact]
    public async Task Wait_ForAConditionAndForDeletion_Ends()
    {
        (await server.KubectlWithInputAsync(Pod("awaited"), "apply", "-f", "-")).Ok.ToString();
        var waiting = server.KubectlAsync("wait", "--for=condition=Ready", "pod/awaited", "--timeout=30s");
        await server.SendAsync("PATCH", "/api/v1/namespaces/default/pods/awaited/status", """{"status":{"conditions":[{"type":"Ready","status":"True"}]}}""", "application/strategic-merge-patch+json");
        Assert.Contains("condition met", (await waiting).Ok, StringComparison.Ordinal);
        var gone = server.KubectlAsync("wait", "--for=delete", "pod/awaited", "--timeout=30s");
        (await server.KubectlAsync("delete", "pod", "awaited", "--force", "--grace-period=0")).Ok.ToString();
        Assert.Equal(0, (await gone).ExitCode);
    }

    [Fact]
    public async Task Apply_WithUnknownFields_IsRefusedWithTheirPaths()
    {
        var result = await server.KubectlWithInputAsync(Pod("unknown", ", bogus: 1"), "apply", "-f", "-");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("bogus", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_KnowsFields()
    {
        var output = (await server.KubectlAsync("explain", "pod.spec.containers.image")).Ok;
        Assert.Contains("Image to run.", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ApplyServerSide_ConflictsUntilForced()
    {
        (await server.KubectlWithInputAsync(Deployment("owned"), "apply", "--server-side", "--field-manager=one", "-f", "-")).Ok.ToString();
        var other = Deployment("owned").Replace("replicas: 2", "replicas: 9", StringComparison.Ordinal);
        var conflict = await server.KubectlWithInputAsync(other, "apply", "--server-side", "--field-manager=two", "-f", "-");
        Assert.Contains("conflict with \"one\": .spec.replicas", conflict.Error, StringComparison.Ordinal);
        (await server.KubectlWithInputAsync(other, "apply", "--server-side", "--field-manager=two", "--force-conflicts", "-f", "-")).Ok.ToString();
        Assert.Equal("9", (await server.KubectlAsync("get", "deploy", "owned", "-o", "jsonpath={.spec.replicas}")).Ok);
    }

    [Fact]
    public async Task Crd_WithColumnsAndRules_IsServedAndChecked()
    {
        (await server.KubectlWithInputAsync("""
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: ships.example.com}
            spec:
              group: example.com
              scope: Namespaced
              names: {plural: ships, kind: Ship, shortNames: [sh]}
              versions:
              - name: v1
                served: true
                storage: true
                subresources: {status: {}, scale: {specReplicasPath: .spec.crew, statusReplicasPath: .status.crew}}
                additionalPrinterColumns:
                - {name: Class, type: string, jsonPath: .spec.class}
                - {name: Ready, type: string, jsonPath: ".status.conditions[?(@.type=='Ready')].status"}
                schema:
                  openAPIV3Schema:
                    type: object
                    properties:
                      spec:
                        type: object
                        required: [class]
                        properties:
                          class: {type: string, enum: [x-wing, tie]}
                          crew: {type: integer, minimum: 0, default: 1}
                          speed: {type: integer}
                        x-kubernetes-validations:
                        - {rule: "!has(self.speed) || self.speed <= self.crew * 10", message: too fast for its crew}
                        - {rule: "self.class == oldSelf.class", fieldPath: .class, messageExpression: "'once ' + oldSelf.class + ', always ' + oldSelf.class"}
                      status: {type: object, x-kubernetes-preserve-unknown-fields: true}
            """, "apply", "-f", "-")).Ok.ToString();
        Assert.Contains("condition met", (await server.KubectlAsync("wait", "--for=condition=Established", "crd/ships.example.com")).Ok, StringComparison.Ordinal);
        const string ship = "apiVersion: example.com/v1\nkind: Ship\nmetadata: {name: NAME}\nspec: SPEC\n";
        string Ship(string name, string spec) => ship.Replace("NAME", name, StringComparison.Ordinal).Replace("SPEC", spec, StringComparison.Ordinal);
        (await server.KubectlWithInputAsync(Ship("red", "{class: x-wing}"), "apply", "-f", "-")).Ok.ToString();
        Assert.Contains("spec.class: Unsupported value: \"cruiser\"", (await server.KubectlWithInputAsync(Ship("big", "{class: cruiser}"), "apply", "-f", "-")).Error, StringComparison.Ordinal);
        Assert.Contains("too fast for its crew", (await server.KubectlWithInputAsync(Ship("fast", "{class: tie, speed: 11}"), "apply", "-f", "-")).Error, StringComparison.Ordinal);
        Assert.Contains("spec.class: Invalid value: \"object\": once x-wing, always x-wing", (await server.KubectlWithInputAsync(Ship("red", "{class: tie}"), "apply", "-f", "-")).Error, StringComparison.Ordinal);
        // An old kubectl checks this by itself, in other words.
        Assert.Contains("class", (await server.KubectlWithInputAsync(Ship("none", "{}"), "apply", "-f", "-")).Error, StringComparison.Ordinal);
        Assert.Matches(@"^NAME +CLASS +READY\s+red +x-wing", (await server.KubectlAsync("get", "sh")).Ok);
        Assert.Equal("ship.example.com/red scaled\n", (await server.KubectlAsync("scale", "ship", "red", "--replicas=4")).Ok);
        Assert.Equal("4", (await server.KubectlAsync("get", "ship", "red", "-o", "jsonpath={.spec.crew}")).Ok);
        (await server.KubectlAsync("delete", "crd", "ships.example.com")).Ok.ToString();
        Assert.NotEqual(0, (await server.KubectlAsync("get", "ships")).ExitCode);
    }

    [Fact]
    public async Task Exec_ReturnsOutputAndExitCode()
    {
        (await server.KubectlWithInputAsync(Pod("runner"), "apply", "-f", "-")).Ok.ToString();
        var result = await server.KubectlAsync("exec", "runner", "--", "sh", "-c", "echo out; echo err >&2; exit 7");
        Assert.Equal((7, "out\n"), (result.ExitCode, result.Output));
        Assert.StartsWith("err\n", result.Error, StringComparison.Ordinal);
        Assert.Equal("HELLO\n", (await server.KubectlWithInputAsync("hello\n", "exec", "-i", "runner", "--", "tr", "a-z", "A-Z")).Ok);
        Assert.Contains("container is not running", (await server.KubectlAsync("exec", "runner", "--", "refuse")).Error, StringComparison.Ordinal);
        Assert.Contains("attached", (await server.KubectlWithInputAsync("attached\n", "attach", "-i", "runner")).Output, StringComparison.Ordinal);
        Assert.Equal("c tail=\nline 0\nline 1\nline 2\n", (await server.KubectlAsync("logs", "-f", "runner")).Ok);
    }

    [Fact]
    public async Task Exec_OfManyBytes_LosesNone()
    {
        (await server.KubectlWithInputAsync(Pod("bulk"), "apply", "-f", "-")).Ok.ToString();
        var text = string.Concat(Enumerable.Range(0, 200_000).Select(i => $"{i}\n"));
        Assert.Equal(text, (await server.KubectlWithInputAsync(text, "exec", "-i", "bulk", "--", "cat")).Ok);
    }

    [Fact]
    public async Task DeleteNamespace_MarksItForTheController()
    {
        (await server.KubectlAsync("create", "ns", "leaving")).Ok.ToString();
        (await server.KubectlAsync("delete", "ns", "leaving", "--wait=false")).Ok.ToString();
        Assert.Equal("Terminating", (await server.KubectlAsync("get", "ns", "leaving", "-o", "jsonpath={.status.phase}")).Ok);
        Assert.Contains("being terminated", (await server.KubectlAsync("-n", "leaving", "create", "configmap", "x")).Error, StringComparison.Ordinal);
        var ns = JsonNode.Parse((await server.KubectlAsync("get", "ns", "leaving", "-o", "json")).Ok)!;
        ns["spec"]!["finalizers"] = new JsonArray();
        Assert.Equal(200, (await server.SendAsync("PUT", "/api/v1/namespaces/leaving/finalize", ns.ToJsonString(Waggle.Lab.ApiServer.JsonText.NodeOptions))).Code);
        Assert.Contains("not found", (await server.KubectlAsync("get", "ns", "leaving")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetAll_Api_Auth_CanI_Work()
    {
        Assert.Contains("service/kubernetes", (await server.KubectlAsync("get", "all")).Ok, StringComparison.Ordinal);
        Assert.Contains("deployments", (await server.KubectlAsync("api-resources")).Ok, StringComparison.Ordinal);
        Assert.Contains("yes", (await server.KubectlAsync("auth", "can-i", "create", "pods")).Ok, StringComparison.Ordinal);
    }
}

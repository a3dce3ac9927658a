using System.Text;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Tests.Nodes.Pods;

public sealed class PodVolumeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ConfigMapAndSecret_AreMountedAndFollowChanges()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await CreateConfigMapAsync(node, "conf", ("key", "one"), ("other", "2"));
        await node.Client.CreateAsync(KubeTypes.Secrets, new Secret { Metadata = Named("sec"), Data = new Dictionary<string, string> { ["pass"] = Convert.ToBase64String("s3cret"u8) } }, cancellation: Cancellation);
        await node.CreatePodAsync("a", """
            volumes:
              - {name: c, configMap: {name: conf}}
              - {name: i, configMap: {name: conf, items: [{key: other, path: deep/renamed, mode: 256}]}}
              - {name: s, secret: {secretName: sec}}
              - {name: d, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
            containers:
              - name: main
                image: x
                command: [sleep, "1000"]
                envFrom: [{prefix: P_, configMapRef: {name: conf}}]
                env: [{name: PASS, valueFrom: {secretKeyRef: {name: sec, key: pass}}}]
                volumeMounts:
                  - {name: c, mountPath: /c}
                  - {name: i, mountPath: /i}
                  - {name: s, mountPath: /s}
                  - {name: d, mountPath: /d}
                  - {name: c, mountPath: /single, subPath: key}
            """, ", labels: {app: test}");
        await node.WaitRunningAsync("a");
        (_, string output) = await node.ExecAsync("a", "sh", "-c", "cat /c/key /c/other /i/deep/renamed /s/pass /single; echo; cat /d/labels; echo; stat -c %a /i/deep/renamed; echo $P_key $PASS; touch /c/new || true");
        Assert.StartsWith("one22s3cretone\napp=\"test\"\n400\none s3cret\n", output, StringComparison.Ordinal);
        Assert.Contains("Read-only file system", output, StringComparison.Ordinal);

        var patch = new JsonObject { ["data"] = new JsonObject { ["key"] = "changed", ["added"] = "x" } };
        await node.Client.PatchAsync(KubeTypes.ConfigMaps, "default", "conf", KubePatch.Merge(patch), cancellation: Cancellation);
        do
        {
            (_, output) = await node.ExecAsync("a", "sh", "-c", "cat /c/key /c/added 2>/dev/null; cat /single");
        }
        while (!output.StartsWith("changedx", StringComparison.Ordinal));
        Assert.Equal("changedxone", output);
    }

    [Fact]
    public async Task ConfigMap_ThatIsMissing_HoldsThePodUntilItAppears()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", "{volumes: [{name: c, configMap: {name: late}}], containers: [{name: c, image: x, command: [sleep, '1000'], volumeMounts: [{name: c, mountPath: /c}]}]}");
        await node.WaitEventAsync("a", "FailedMount: MountVolume.SetUp failed for volume \"c\" : configmap \"late\" not found");
        await CreateConfigMapAsync(node, "late", ("k", "v"));
        await node.WaitRunningAsync("a");
    }

    [Fact]
    public async Task Environment_FromAMissingKey_IsAConfigurationErrorUntilItAppears()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await CreateConfigMapAsync(node, "conf", ("a", "b"));
        await node.CreatePodAsync("a", "{restartPolicy: Never, containers: [{name: c, image: x, command: [sh, -c, 'echo $V'], env: [{name: V, valueFrom: {configMapKeyRef: {name: conf, key: k}}}]}]}");
        Pod pod = await node.WaitAsync("a", p => p.Status.ContainerStatuses.FirstOrDefault()?.State?.Waiting?.Reason == "CreateContainerConfigError");
        Assert.Equal("couldn't find key k in ConfigMap default/conf", pod.Status.ContainerStatuses[0].State!.Waiting!.Message);
        await node.Client.PatchAsync(KubeTypes.ConfigMaps, "default", "conf", KubePatch.Merge(new JsonObject { ["data"] = new JsonObject { ["k"] = "now" } }), cancellation: Cancellation);
        await node.WaitPhaseAsync("a", "Succeeded");
        Assert.Equal("now\n", await node.LogsAsync("a"));
    }

    [Fact]
    public async Task HostPaths_ResolveInsideTheNodeNotTheMachine()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        string name = $"wgt-{Guid.NewGuid():n}";
        await node.CreatePodAsync("a", $"{{restartPolicy: Never, volumes: [{{name: h, hostPath: {{path: /srv/{name}, type: DirectoryOrCreate}}}}], containers: [{{name: c, image: x, command: [sh, -c, 'echo data > /h/file'], volumeMounts: [{{name: h, mountPath: /h}}]}}]}}");
        await node.WaitPhaseAsync("a", "Succeeded");
        Assert.False(Directory.Exists($"/srv/{name}"));
        await node.CreatePodAsync("b", $"{{restartPolicy: Never, volumes: [{{name: h, hostPath: {{path: /srv/{name}, type: Directory}}}}], containers: [{{name: c, image: x, command: [cat, /h/file], volumeMounts: [{{name: h, mountPath: /h, readOnly: true}}]}}]}}");
        await node.WaitPhaseAsync("b", "Succeeded");
        Assert.Equal("data\n", await node.LogsAsync("b"));
    }

    [Fact]
    public async Task HostPath_OfTheWrongType_IsReported()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", "{volumes: [{name: h, hostPath: {path: /etc/passwd, type: Directory}}], containers: [{name: c, image: x, command: [sleep, '1'], volumeMounts: [{name: h, mountPath: /h}]}]}");
        Assert.Contains("hostPath type check failed: /etc/passwd is not a Directory", await node.WaitEventAsync("a", "FailedMount"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServiceAccount_TokenAndAuthority_LetAPodUseTheApi()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.Client.CreateAsync(KubeTypes.ServiceAccounts, new ServiceAccount { Metadata = Named("robot") }, cancellation: Cancellation);
        await node.CreatePodAsync("a", "{automountServiceAccountToken: true, serviceAccountName: robot, containers: [{name: c, image: x, command: [sleep, '1000']}]}");
        await node.WaitRunningAsync("a");
        (int code, string output) = await node.ExecAsync("a", "sh", "-c", "cd /var/run/secrets/kubernetes.io/serviceaccount && cat namespace && grep -c BEGIN ca.crt && cut -d. -f2 token; echo $KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT");
        Assert.Equal(0, code);
        string[] lines = output.Split('\n');
        Assert.Equal(("default1", "172.18.0.2:6443"), (lines[0], lines[2]));
        string claims = Encoding.UTF8.GetString(Convert.FromBase64String(lines[1].Replace('-', '+').Replace('_', '/').PadRight((lines[1].Length + 3) / 4 * 4, '=')));
        Assert.Contains("system:serviceaccount:default:robot", claims, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SecurityContext_IsHonoured()
    {
        await using NodeFixture node = await NodeFixture.StartAsync();
        await node.CreatePodAsync("a", """
            securityContext: {runAsUser: 54321, fsGroup: 2000}
            volumes: [{name: e, emptyDir: {}}]
            containers:
              - name: c
                image: x
                command: [sleep, "1000"]
                securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false}
                volumeMounts: [{name: e, mountPath: /e}]
            """);
        await node.WaitRunningAsync("a");
        (_, string output) = await node.ExecAsync("a", "sh", "-c", "id -u; id -G; touch /x 2>/dev/null || echo ro; touch /e/f && stat -c %g /e/f; grep -E 'NoNewPrivs|CapEff' /proc/self/status | cut -f2");
        Assert.Equal("54321\n0 2000\nro\n2000\n0000000000000000\n1\n", output);
    }

    private static ObjectMeta Named(string name) => new() { Name = name, Namespace = "default" };

    private static Task CreateConfigMapAsync(NodeFixture node, string name, params (string Key, string Value)[] data) =>
        node.Client.CreateAsync(KubeTypes.ConfigMaps, new ConfigMap { Metadata = Named(name), Data = data.ToDictionary(pair => pair.Key, pair => pair.Value) }, cancellation: Cancellation);
}

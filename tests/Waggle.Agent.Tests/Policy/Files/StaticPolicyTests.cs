using System.Text.Json.Nodes;
using Waggle.Kube.Client;

namespace Waggle.Agent.Tests.Policy.Files;

/// <summary>Policies of files, beside those of the API; identities of a cluster with an id; default deny that policies may not waive.</summary>
public sealed class StaticPolicyTests
{
    [Fact]
    public async Task Files_AreFollowed_AndABadOneChangesNothing()
    {
        using var folder = new Folder();
        await File.WriteAllTextAsync(folder.At("web.yaml"), Policy("a"), TestContext.Current.CancellationToken);
        await using PolicyLab lab = await PolicyLab.StartAsync(2, ("static-cnp-path", folder.Path), ("cluster-id", "7"), ("cluster-name", "seven"));
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), a = await lab.AddPodAsync(1, "default", "a", [("app", "a")]), b = await lab.AddPodAsync(0, "default", "b", [("app", "b")]);
        await lab.WaitIdentitiesAsync();
        foreach (Peer pod in lab.Peers)
        {
            Assert.Equal(7u, uint.Parse(await lab.IdentityAsync(pod)) >> 16); // also in tunnels between the nodes
        }

        Cell[] cells = [new(a, web, "tcp", 80, false), new(b, web, "tcp", 80, false), new(web, a, "tcp", 80, false), new(web, b, "udp", 53, false)];
        await lab.ExpectAsync("from the start", cells, c => c.To != web || c.From == a);
        (int code, string output) = await lab.Nodes[0].CiliumAsync("policy get");
        Assert.True(code == 0 && output.Contains("CiliumNetworkPolicy default/web@web.yaml", StringComparison.Ordinal) && output.Contains("\"directory\"", StringComparison.Ordinal), output);

        // Half a file: nothing of it counts, what held holds, and the agent says so.
        await File.WriteAllTextAsync(folder.At("web.yaml"), Policy("b") + "\n---\n" + Policy("x").Replace("name: web", "name: X_", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        await HealthAsync(lab, false, "what it said before stays in force");
        await lab.ExpectAsync("with a bad file", cells, c => c.To != web || c.From == a);

        // Mended: others may. And one of the API with the same name stands beside it.
        await File.WriteAllTextAsync(folder.At("web.yaml"), Policy("b"), TestContext.Current.CancellationToken);
        await HealthAsync(lab, true, "1 files, 1 policies");
        await EventuallyAsync(lab, cells, c => c.To != web || c.From == b);
        await lab.ApplyAsync(Policy("a"));
        await lab.ExpectAsync("both", cells, _ => true);
        File.Delete(folder.At("web.yaml"));
        await HealthAsync(lab, true, "0 files, 0 policies");
        await EventuallyAsync(lab, cells, c => c.To != web || c.From == a);
    }

    [Fact]
    public async Task DefaultDenyThatIsWaived_CountsOnlyWhileTheConfigurationHonoursIt()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(1, ("static-cnp-path", "/nonexistent/policies"));
        await HealthAsync(lab, false, "/nonexistent/policies cannot be read"); // and the agent works all the same
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), a = await lab.AddPodAsync(0, "default", "a", [("app", "a")]), b = await lab.AddPodAsync(0, "default", "b", [("app", "b")]);
        await lab.WaitIdentitiesAsync();
        Cell[] cells = [new(a, web, "tcp", 80, false), new(b, web, "tcp", 80, false), new(web, b, "tcp", 80, false)];
        await lab.ApplyAsync(Policy("a").Replace("  ingress:", "  enableDefaultDeny: {ingress: false}\n  ingress:", StringComparison.Ordinal));
        await lab.ExpectAsync("waived", cells, _ => true);
        foreach (bool honoured in new[] { false, true })
        {
            await lab.Client.PatchAsync(
                KubeTypes.ConfigMaps, "kube-system", "cilium-config", KubePatch.Merge(new JsonObject { ["data"] = new JsonObject { ["enable-non-default-deny-policies"] = honoured ? "true" : "false" } }));
            await EventuallyAsync(lab, cells, c => honoured || c.From != b);
        }
    }

    private static string Policy(string from) => """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: web}
        spec:
          endpointSelector: {matchLabels: {app: web}}
          ingress: [{fromEndpoints: [{matchLabels: {app: FROM}}]}]
        """.Replace("FROM", from, StringComparison.Ordinal);

    private static Task HealthAsync(PolicyLab lab, bool ok, string message) => PolicyLab.UntilAsync(message, async () =>
        (await lab.Nodes[0].TryGetAsync("/v1/status"))?["modules"]!.AsArray().FirstOrDefault(m =>
            (string?)m!["module"] == "static-policies" && (bool)m["ok"]! == ok && ((string?)m["message"])!.Contains(message, StringComparison.Ordinal)));

    private static Task EventuallyAsync(PolicyLab lab, Cell[] cells, Func<Cell, bool> allowed) =>
        PolicyLab.UntilAsync("the cells are as they should be", async () => (await PolicyLab.CheckAsync(cells, allowed)).Count == 0 ? "yes" : null);

    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("wgt-").FullName;

        public string At(string name) => System.IO.Path.Combine(Path, name);

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}

using System.Text.Json.Nodes;
using Waggle.Agent.Policy;
using Waggle.Kube.Client;
using Waggle.Kube.Json;
using Waggle.Policy.Rules;

namespace Waggle.Agent.Tests.Policy;

/// <summary>What a policy on probation goes back to survives the agent.</summary>
public sealed class ProbationTests : IDisposable
{
    private const string Policy = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: web}
        spec: {endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEndpoints: [{matchLabels: {app: FROM}}]}]}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("wgt-").FullName;

    private string File => Path.Combine(_folder, "probation.json");

    [Fact]
    public async Task Kill9_DuringAProbation_WhatHeldBeforeComesBackAllTheSame()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(1);
        Cluster.TestNode node = lab.Nodes[0];
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]), a = await lab.AddPodAsync(0, "default", "a", [("app", "a")]), b = await lab.AddPodAsync(0, "default", "b", [("app", "b")]);
        await lab.WaitIdentitiesAsync();
        Cell[] cells = [new(a, web, "tcp", 80, false), new(b, web, "tcp", 80, false), new(a, web, "icmp", 0, false), new(b, web, "icmp", 0, false)];
        await lab.ApplyAsync(From("a"));
        await lab.ExpectAsync("the confirmed version", cells, c => c.From == a);
        await lab.ApplyAsync(Until(From("b"), DateTimeOffset.UtcNow.AddHours(1)));
        await lab.ExpectAsync("on probation", cells, c => c.From == b);

        // Twice: the second agent knows it from the first one's file only.
        for (int i = 0; i < 2; i++)
        {
            node.KillAgent();
            node.StartAgent();
            await node.WaitReadyAsync();
            await lab.ExpectAsync("still on probation", cells, c => c.From == b);
        }

        await AnnotateAsync(lab, DateTimeOffset.UtcNow.AddMinutes(-1).ToString("O"));
        await PolicyLab.UntilAsync("the confirmed version is back", async () => (await PolicyLab.CheckAsync(cells, c => c.From == a)).Count == 0 ? "yes" : null);

        // Over while no agent runs, too; and confirmed, the new one holds.
        node.KillAgent();
        node.StartAgent();
        await node.WaitReadyAsync();
        await lab.ExpectAsync("taken back", cells, c => c.From == a);
        await AnnotateAsync(lab, null);
        await PolicyLab.UntilAsync("confirmed", async () => (await PolicyLab.CheckAsync(cells, c => c.From == b)).Count == 0 ? "yes" : null);
        Assert.False(System.IO.File.Exists(Path.Combine(node.RunDirectory, "policy-probation.json")));
    }

    [Fact]
    public void Load_GivesBackWhatWasSet_UntilItIsRemoved()
    {
        DateTimeOffset until = DateTimeOffset.UtcNow.AddHours(1);
        PolicyRow before = Row(From("a").Replace("metadata: {name: web}", "metadata: {name: web, uid: u1, generation: 7, annotations: {policy.waggle.io/mode: audit}}", StringComparison.Ordinal));
        var book = new ProbationBook(File);
        book.Set(before.Key, before, until);
        book.Set("CiliumNetworkPolicy default/new", null, until);
        book.Set(before.Key, Row(From("c")), until.AddHours(1)); // another version on probation: what was confirmed stays

        var again = new ProbationBook(File);
        again.Load(true);
        Assert.True(again.TryGet(before.Key, out (PolicyRow? Before, DateTimeOffset Until) found));
        Assert.Equal((before, until.AddHours(1)), found);
        Assert.True(again.TryGet("CiliumNetworkPolicy default/new", out found));
        Assert.Equal((null, until), found);
        again.Remove(before.Key);
        again.Remove("CiliumNetworkPolicy default/new");
        Assert.False(System.IO.File.Exists(File));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"probations":{}}""")]
    [InlineData("""{"probations":[1,null,{"policy":7},{"policy":"p","until":"soon"}]}""")]
    [InlineData("""{"probations":[{"policy":"CiliumNetworkPolicy default/web","until":"2030-01-01T00:00:00Z","before":{"kind":"CiliumNetworkPolicy","metadata":{"name":"other"},"spec":[]}}]}""")]
    public void Load_OfADamagedFile_NeverGivesAnotherPolicysRules(string text)
    {
        System.IO.File.WriteAllText(File, text);
        var book = new ProbationBook(File);
        book.Load(true);
        Assert.All(book.Keys, k => Assert.True(book.TryGet(k, out var found) && found.Before is null));
    }

    [Fact]
    public void Set_WhereNothingCanBeWritten_SaysSo()
    {
        var book = new ProbationBook("/proc/nonexistent/probation.json");
        book.Set("p", null, DateTimeOffset.UtcNow);
        Assert.Contains("cannot be written", book.Problem, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string From(string app) => Policy.Replace("FROM", app, StringComparison.Ordinal);

    private static string Until(string policy, DateTimeOffset until) =>
        policy.Replace("{name: web}", $"{{name: web, annotations: {{policy.waggle.io/confirm-until: \"{until:O}\"}}}}", StringComparison.Ordinal);

    private static PolicyRow Row(string policy) => PolicySource.Read(PolicyKind.CiliumNetworkPolicy, KubeYaml.ReadAll(policy)[0], "k8s", true);

    private static Task AnnotateAsync(PolicyLab lab, string? until) => lab.Client.PatchAsync(
        KubeTypes.CiliumNetworkPolicies, "default", "web",
        KubePatch.Merge(new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["policy.waggle.io/confirm-until"] = until } } }));
}

using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Agent.Config;
using Waggle.Agent.Identities;
using Waggle.Agent.Kubernetes;
using Waggle.Hosting.Config;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Kube.Resources;
using Waggle.Lab.ApiServer;
using Waggle.Operator.Crds;
using Waggle.State.Tables;

namespace Waggle.Agent.Tests.Identities;

public sealed class IdentityAllocatorTests
{
    private static ConfigState Config => new(WaggleConfig.Parse([], out _, out _), new StateDb());

    [Fact]
    public async Task Resolve_ManyAgentsAtOnce_AgreeWithoutTalking()
    {
        string directory = Directory.CreateTempSubdirectory("wgt-").FullName;
        using ClusterPki pki = ClusterPki.LoadOrCreate(Path.Combine(directory, "pki"), []);
        await using (ApiServerHost api = await ApiServerHost.StartAsync(new ApiServerOptions { DataDirectory = Path.Combine(directory, "api"), Pki = pki, Endpoints = [new ApiEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0))] }))
        {
            string kubeconfig = Path.Combine(directory, "kubeconfig");
            pki.WriteKubeconfig(kubeconfig, "test", $"https://127.0.0.1:{api.Addresses[0].Port}", pki.IssueAdmin());
            using var client = new KubeClient(KubeConfig.FromFile(kubeconfig));
            await new CrdInstaller(client, TimeProvider.System, NullLogger<CrdInstaller>.Instance).InstallAsync(TestContext.Current.CancellationToken);

            // None of these agents watches: each knows only what the API answers.
            IdentityAllocator[] agents = [.. Enumerable.Range(0, 8).Select(i => new IdentityAllocator(new KubeSources(client, new AgentArguments { NodeName = $"n{i}" }, NullLoggerFactory.Instance), Config, NullLogger<IdentityAllocator>.Instance))];
            IdentityLabels[] labels = [.. Enumerable.Range(0, 20).Select(i => IdentityLabels.Of([$"k8s:app={i}", "k8s:io.kubernetes.pod.namespace=default"]))];

            // The number that the first labels want is taken by others: all must find the same next one.
            string taken = $"{labels[0].Candidate(0)}";
            await client.CreateAsync(KubeTypes.CiliumIdentities, new CiliumIdentity { Metadata = new ObjectMeta { Name = taken }, SecurityLabels = new Dictionary<string, string> { ["k8s:x"] = "y" } });
            uint[][] answers = await Task.WhenAll(agents.Select(a => Task.WhenAll(labels.Select(l => a.ResolveAsync(l, TestContext.Current.CancellationToken)))));
            Assert.All(answers, a => Assert.Equal(answers[0], a));
            Assert.Equal(labels.Length, answers[0].Distinct().Count());
            Assert.NotEqual(taken, $"{answers[0][0]}");
            Assert.Equal(labels.Length + 1, (await client.ListAsync(KubeTypes.CiliumIdentities)).Items.Count);
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Resolve_WithAnApiWhoseReadsLag_KeepsTheNumber()
    {
        // An API that refuses to create because the name exists, while reads do not find it yet.
        int creates = 0, reads = 0;
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        await using WebApplication api = builder.Build();
        IdentityLabels labels = IdentityLabels.Of(["k8s:app=lagging"]);
        string wanted = $"{labels.Candidate(0)}";
        api.Run(async context =>
        {
            bool create = context.Request.Method == "POST";
            using var reader = new StreamReader(context.Request.Body);
            string body = await reader.ReadToEndAsync();
            bool right = create ? body.Contains($"\"{wanted}\"", StringComparison.Ordinal) : context.Request.Path.Value!.EndsWith($"/{wanted}", StringComparison.Ordinal);
            bool found = !create && Interlocked.Increment(ref reads) > 3;
            (context.Response.StatusCode, string answer) = !right ? (500, Refusal("InternalError", 500))
                : create && Interlocked.Increment(ref creates) > 0 ? (409, Refusal("AlreadyExists", 409))
                : !found ? (404, Refusal("NotFound", 404))
                : (200, $$$"""{"apiVersion":"cilium.io/v2","kind":"CiliumIdentity","metadata":{"name":"{{{wanted}}}"},"security-labels":{"k8s:app":"lagging"}}""");
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(answer);
        });
        await api.StartAsync(TestContext.Current.CancellationToken);
        using var client = new KubeClient(new KubeConfig { Server = new Uri(api.Urls.First()) });
        var allocator = new IdentityAllocator(new KubeSources(client, new AgentArguments { NodeName = "n" }, NullLoggerFactory.Instance), Config, NullLogger<IdentityAllocator>.Instance);
        Assert.Equal(wanted, $"{await allocator.ResolveAsync(labels, TestContext.Current.CancellationToken)}");
        Assert.Equal((4, 4), (creates, reads));
    }

    private static string Refusal(string reason, int code) => $$"""{"apiVersion":"v1","kind":"Status","status":"Failure","reason":"{{reason}}","code":{{code}},"message":"as the test says"}""";
}

using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Agent.Identities;
using Waggle.Agent.Kubernetes;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Kube.Resources;
using Waggle.Lab.ApiServer;
using Waggle.Operator.Crds;

namespace Waggle.Agent.Tests.Identities;

public sealed class IdentityAllocatorTests
{
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
            IdentityAllocator[] agents = [.. Enumerable.Range(0, 8).Select(i => new IdentityAllocator(new KubeSources(client, new AgentArguments { NodeName = $"n{i}" }, NullLoggerFactory.Instance), NullLogger<IdentityAllocator>.Instance))];
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
}

namespace Waggle.Agent.Tests.Policy;

/// <summary>A NetworkPolicy from the API to the packet.</summary>
public sealed class NetworkPolicyTests
{
    [Fact]
    public async Task Deny_AppliedAndDeleted_PacketsFollow()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(1);
        Peer a = await lab.AddPodAsync(0, "default", "a", [("app", "a")]), b = await lab.AddPodAsync(0, "default", "b", [("app", "b")]);
        await lab.WaitIdentitiesAsync();
        Cell[] cells = [new(a, b, "tcp", 80, false), new(a, b, "udp", 53, false), new(a, b, "icmp", 0, false), new(b, a, "tcp", 80, false)];
        await lab.ExpectAsync("without policy", cells, _ => true);

        const string policy = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: deny}
            spec:
              podSelector: {matchLabels: {app: b}}
              policyTypes: [Ingress]
            """;
        await lab.ApplyAsync(policy);
        await lab.ExpectAsync("with it", cells, c => c.To == a);
        await lab.DeleteAsync(policy);
        await lab.ExpectAsync("when it is gone", cells, _ => true);
    }
}

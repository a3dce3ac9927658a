namespace Waggle.Agent.Tests.Policy;

/// <summary>Identities come into the kernel's ipcache also where no policy has anything to say about them.</summary>
public sealed class IdentityGateTests
{
    [Fact]
    public async Task PodOfAnotherNode_NoPolicyAtAll_IsKnownInTheKernel()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(2);
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]);
        await lab.WaitIdentitiesAsync();
        string identity = await lab.IdentityAsync(web);
        await PolicyLab.UntilAsync("node1's ipcache has the pod", async () =>
        {
            (int code, string output) = await lab.Nodes[1].CiliumAsync("bpf ipcache list");
            return code == 0 && output.Split('\n').Any(l => l.StartsWith($"{web.Ip}/32", StringComparison.Ordinal) && l.Contains($"identity={identity}", StringComparison.Ordinal)) ? output : null;
        });
    }
}

using Waggle.Agent.Identities;
using Waggle.Kube.Resources;

namespace Waggle.Agent.Tests.Identities;

public sealed class PodWorkloadTests
{
    [Theory]
    [InlineData("ReplicaSet", "web-5d8f9", "5d8f9", "Deployment/web")]
    [InlineData("ReplicaSet", "web-5d8f9", "other", "ReplicaSet/web-5d8f9")]
    [InlineData("ReplicaSet", "web", "", "ReplicaSet/web")]
    [InlineData("DaemonSet", "cilium", "5d8f9", "DaemonSet/cilium")]
    [InlineData("StatefulSet", "db", "", "StatefulSet/db")]
    [InlineData("Job", "backup-29384920", "", "CronJob/backup")]
    [InlineData("Job", "backup-7", "", "Job/backup-7")]
    public void Of_APodWithAController_IsWhatPeopleMade(string kind, string name, string hash, string expected)
    {
        var pod = new Pod
        {
            Metadata = new ObjectMeta
            {
                Name = "p", Labels = hash.Length > 0 ? new Dictionary<string, string> { ["pod-template-hash"] = hash } : new Dictionary<string, string>(),
                OwnerReferences = [new OwnerReference { Kind = "Other", Name = "other" }, new OwnerReference { Kind = kind, Name = name, Controller = true }],
            },
        };
        PodWorkload workload = PodWorkload.Of(pod)!;
        Assert.Equal(expected, workload.ToString());
        Assert.Equal(workload, PodWorkload.Parse(workload.ToString()));
    }

    [Fact]
    public void Of_APodOfNobody_IsNull() => Assert.Null(PodWorkload.Of(new Pod { Metadata = new ObjectMeta { Name = "p", OwnerReferences = [new OwnerReference { Kind = "X", Name = "x" }] } }));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("web")]
    [InlineData("/web")]
    [InlineData("Deployment/")]
    public void Parse_OfGarbage_IsNull(string? text) => Assert.Null(PodWorkload.Parse(text));
}

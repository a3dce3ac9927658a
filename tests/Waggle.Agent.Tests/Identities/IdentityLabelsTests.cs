using Waggle.Agent.Identities;

namespace Waggle.Agent.Tests.Identities;

public sealed class IdentityLabelsTests
{
    private static IdentityLabels Pod(string filter, params (string, string)[] labels) => IdentityLabels.OfPod(
        "default", labels.Select(l => KeyValuePair.Create(l.Item1, l.Item2)), [KeyValuePair.Create("kubernetes.io/metadata.name", "default")], "default", "kind", new LabelFilter(filter));

    [Fact]
    public void OfPod_UsualLabels_AreTheKnownOnes() => Assert.Equal(
        [
            "k8s:app=web", "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=default", "k8s:io.cilium.k8s.policy.cluster=kind",
            "k8s:io.cilium.k8s.policy.serviceaccount=default", "k8s:io.kubernetes.pod.namespace=default",
        ],
        Pod("", ("app", "web"), ("pod-template-hash", "abc"), ("controller-revision-hash", "x"), ("statefulset.kubernetes.io/pod-name", "web-0")).Labels);

    [Fact]
    public void OfPod_TwoReplicas_HaveOneIdentity() =>
        Assert.Equal(Pod("", ("app", "web"), ("pod-template-hash", "a")), Pod("", ("pod-template-hash", "b"), ("app", "web")));

    [Fact]
    public void OfPod_PodClaimsPlatformLabels_AreIgnored()
    {
        IdentityLabels labels = Pod("", ("io.kubernetes.pod.namespace", "kube-system"), ("io.cilium.k8s.policy.cluster", "other"), ("io.cilium.k8s.namespace.labels.x", "y"));
        Assert.Contains("k8s:io.kubernetes.pod.namespace=default", labels.Labels);
        Assert.DoesNotContain(labels.Labels, l => l.Contains("kube-system", StringComparison.Ordinal) || l.Contains("other", StringComparison.Ordinal) || l.EndsWith("x=y", StringComparison.Ordinal));
    }

    [Fact]
    public void OfPod_UserExcludes_TakesTheRest()
    {
        IdentityLabels labels = Pod("!k8s:tier", ("app", "web"), ("tier", "x"));
        Assert.Contains("k8s:app=web", labels.Labels);
        Assert.DoesNotContain("k8s:tier=x", labels.Labels);
    }

    [Fact]
    public void OfPod_UserIncludes_LeavesOthersOut()
    {
        IdentityLabels labels = Pod("k8s:app", ("app", "web"), ("tier", "x"));
        Assert.Contains("k8s:app=web", labels.Labels);
        Assert.DoesNotContain("k8s:tier=x", labels.Labels);
        Assert.Contains("k8s:io.kubernetes.pod.namespace=default", labels.Labels);
    }

    [Fact]
    public void Candidate_SameLabels_SameSequenceInRange()
    {
        IdentityLabels a = Pod("", ("app", "web")), b = Pod("", ("app", "web"));
        uint[] first = [.. Enumerable.Range(0, 100).Select(i => a.Candidate(i))], second = [.. Enumerable.Range(0, 100).Select(i => b.Candidate(i))];
        Assert.Equal(first, second);
        Assert.All(first, id => Assert.InRange(id, 256u, 65535u));
        Assert.True(first.Distinct().Count() > 95);
    }

    [Fact]
    public void Candidate_IsFrozen_BecauseItMustBeTheSameInEveryVersion() =>
        Assert.Equal(IdentityLabels.Of(["k8s:a=b"]).Candidate(0), IdentityLabels.Of(["k8s:a=b", "k8s:a=b"]).Candidate(0));

    [Fact]
    public void Candidate_OfACluster_HasItsIdInTheUpperPart()
    {
        var labels = IdentityLabels.Of(["k8s:a=b"]);
        uint plain = labels.Candidate(3), of7 = labels.Candidate(3, 7), of255 = labels.Candidate(3, 255);
        Assert.Equal((plain + (7u << 16), plain + (255u << 16)), (of7, of255));
        Assert.All([plain, of7, of255], n => Assert.True(ReservedIdentity.IsAllocated(n)));
        Assert.DoesNotContain([0u, 6u, 255u, 7u << 16, (7u << 16) + 255, 1u << 24, NodeIdentities.First + 300], ReservedIdentity.IsAllocated);
    }
}

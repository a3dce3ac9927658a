using Waggle.Agent.Hubble;

namespace Waggle.Agent.Tests.Hubble;

public sealed class HubbleMetadataTests
{
    [Fact]
    public void ByIdentity_OfManyThatSomebodyMadeUp_StaysSmallAndKeepsTheKnown()
    {
        var metadata = new HubbleMetadata([]);
        metadata.SetIdentity(1000, ["k8s:app=web", "k8s:io.kubernetes.pod.namespace=shop"], "kind");
        for (uint identity = 0; identity < 100_000; identity++)
        {
            Assert.Equal(identity, metadata.ByIdentity(identity).Identity);
        }

        Assert.InRange(metadata.IdentityCount, 2, 5000);
        Assert.Equal("shop", metadata.ByIdentity(1000).Namespace);
        Assert.Same(metadata.ByIdentity(99_999), metadata.ByIdentity(99_999));

        // What is known of one at last counts.
        metadata.SetIdentity(99_999, ["k8s:io.kubernetes.pod.namespace=late"], "kind");
        Assert.Equal("late", metadata.ByIdentity(99_999).Namespace);
    }
}

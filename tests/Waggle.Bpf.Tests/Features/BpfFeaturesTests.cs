using Waggle.Linux;

namespace Waggle.Bpf.Tests.Features;

public class BpfFeaturesTests
{
    [Theory]
    [InlineData(BpfFeature.MapBatch)]
    [InlineData(BpfFeature.RingBuffer)]
    [InlineData(BpfFeature.RedirectPeer)]
    [InlineData(BpfFeature.Loop)]
    [InlineData(BpfFeature.Tcx)]
    public void Has_OnThisKernel_AgreesWithItsVersion(BpfFeature feature)
    {
        var features = new BpfFeatures();
        var minimum = BpfFeatureTable.MinimumKernel(feature);
        if (KernelVersion.Current >= minimum)
        {
            Assert.True(features.Has(feature));
            features.Require(feature);
        }
        else
        {
            // Distributions backport; what must hold is that the answer is conclusive.
            Assert.NotNull(features.Has(feature));
        }
    }

    [Fact]
    public void Has_InconclusiveAnswer_IsAskedAgain()
    {
        var answers = new Queue<bool?>([null, false, true]);
        var features = new BpfFeatures(_ => answers.Dequeue());
        Assert.Null(features.Has(BpfFeature.Tcx));
        Assert.False(features.Has(BpfFeature.Tcx));
        Assert.False(features.Has(BpfFeature.Tcx));
        Assert.Single(answers);
    }

    [Fact]
    public void Require_Missing_NamesFeatureAndMinimumKernel()
    {
        var e = Assert.Throws<BpfFeatureException>(() => new BpfFeatures(_ => false).Require(BpfFeature.Tcx));
        Assert.Contains("tcx links", e.Message);
        Assert.Contains("6.6", e.Message);
        Assert.Contains(KernelVersion.Release, e.Message);
    }
}

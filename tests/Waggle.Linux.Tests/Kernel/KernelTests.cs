namespace Waggle.Linux.Tests.Kernel;

public sealed class KernelTests
{
    [Theory]
    [InlineData("6.1.0-13-amd64", 6, 1, 0)]
    [InlineData("6.18.44-fc-v657", 6, 18, 44)]
    [InlineData("5.10", 5, 10, 0)]
    [InlineData("6.9-rc1", 6, 9, 0)]
    [InlineData("", 0, 0, 0)]
    [InlineData("99999999999.1", 0, 0, 0)]
    public void Parse_Releases_LeadingNumbers(string release, int major, int minor, int patch) =>
        Assert.Equal(new KernelVersion(major, minor, patch), KernelVersion.Parse(release));

    [Fact]
    public void Compare_Versions_ByNumber()
    {
        Assert.True(new KernelVersion(6, 10) > new KernelVersion(6, 9, 99));
        Assert.True(new KernelVersion(6, 1) <= KernelVersion.Current);
    }

    [Fact]
    public void Capabilities_OfThisTest_AsTheKernelSays()
    {
        Assert.True(Capabilities.Has(Capability.SysAdmin)); // these tests need root
        Assert.Empty(Capabilities.Missing(Capability.NetAdmin, Capability.SysAdmin));
    }

    [Fact]
    public void ResourceLimits_Raised_AsProcShows()
    {
        ulong files = ResourceLimits.RaiseOpenFiles();
        bool unlimited = ResourceLimits.RaiseLockedMemory();
        string[] limits = File.ReadAllLines("/proc/self/limits");
        string[] memory = limits.Single(line => line.StartsWith("Max locked memory", StringComparison.Ordinal))["Max locked memory".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(memory[1], memory[0]); // soft as hard
        Assert.Equal(unlimited, memory[0] == "unlimited");
        Assert.True(unlimited || !Capabilities.Has(Capability.SysResource));
        Assert.Contains(limits, line => line.StartsWith($"Max open files            {files} ", StringComparison.Ordinal));
    }
}

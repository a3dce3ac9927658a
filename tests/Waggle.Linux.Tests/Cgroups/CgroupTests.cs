using System.Diagnostics;
using static Waggle.Tests.Shared.Eventually;

namespace Waggle.Linux.Tests.Cgroups;

public sealed class CgroupTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Cgroup _group = Cgroup.Root().Child("wgt-" + Guid.NewGuid().ToString("N")[..10]);

    public ValueTask InitializeAsync()
    {
        _group.Create();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync() => await _group.KillAndRemoveAsync(Patience);

    [Fact]
    public async Task KillAndRemove_ProcessesAtTwoLevels_AllGone()
    {
        Cgroup child = _group.Child("pods/pod1").Create();
        using Process one = Sleeper(), two = Sleeper();
        _group.Attach(one.Id);
        child.Attach(two.Id);
        Assert.Equal([one.Id], _group.Processes());
        Assert.Equal(new[] { one.Id, two.Id }.Order(), _group.ProcessesRecursive().Order());
        Assert.True(_group.IsPopulated);
        Assert.Equal(Errno.EBUSY, Assert.Throws<LinuxException>(_group.Remove).Errno);

        await _group.KillAndRemoveAsync(Patience);
        await one.WaitForExitAsync();
        await two.WaitForExitAsync();
        Assert.Equal((137, 137), (one.ExitCode, two.ExitCode));
        Assert.False(_group.Exists);
        await _group.KillAndRemoveAsync(Patience); // nothing to do
        Assert.Empty(_group.Processes());
    }

    [Fact]
    public async Task SetFrozen_ThenThawed_ProcessRunsOn()
    {
        using Process sleeper = Sleeper();
        _group.Attach(sleeper.Id);
        _group.SetFrozen(true);
        await UntilAsync(() => _group.IsFrozen);
        _group.SetFrozen(false);
        await UntilAsync(() => !_group.IsFrozen);
        Assert.False(sleeper.HasExited);
    }

    [Fact]
    public void Limits_ControllerMissing_False()
    {
        Cgroup root = Cgroup.Root();
        bool memory = root.Controllers().Contains("memory");
        if (memory)
            root.Delegate("memory");
        Cgroup limited = _group.Child("limited").Create();
        bool present = File.Exists(limited.Path + "/memory.max");
        Assert.Equal(present, limited.SetMemoryMax(64 << 20));
        if (present)
            Assert.Equal((64 << 20).ToString(), limited.Read("memory.max"));
        Assert.Equal(File.Exists(limited.Path + "/pids.max"), limited.SetPidsMax(null));
    }

    [Fact]
    public async Task WaitEmpty_ProcessLives_TimeoutNamesIt()
    {
        using Process sleeper = Sleeper();
        _group.Attach(sleeper.Id);
        var e = await Assert.ThrowsAsync<LinuxException>(() => _group.WaitEmptyAsync(TimeSpan.Zero));
        Assert.Equal(Errno.EBUSY, e.Errno);
        Assert.Contains(sleeper.Id.ToString(), e.Message);
    }

    [Fact]
    public void Attach_NoSuchProcess_Refused()
    {
        var e = Assert.Throws<LinuxException>(() => _group.Attach(0x3fffffff));
        Assert.Equal(Errno.ESRCH, e.Errno);
        Assert.Contains(_group.Path, e.Message);
    }

    [Fact]
    public void Create_ParentIsAFile_Refused()
    {
        Assert.Throws<LinuxException>(() => Cgroup.At(_group.Path + "/cgroup.procs/x").Create());
        Assert.Throws<ArgumentException>(() => _group.Child("../escape"));
        Assert.Equal(Errno.ENOENT, Assert.Throws<LinuxException>(() => _group.Read("nope")).Errno);
    }

    [Fact]
    public void FindMount_Here_IsCgroup2() => Assert.Equal(FileSystemMagic.Cgroup2, FileSystem.Of(Cgroup.FindMount()!).Magic);

    private static Process Sleeper() => Process.Start("sleep", "600");
}

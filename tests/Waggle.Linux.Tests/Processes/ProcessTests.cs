using System.Diagnostics;

namespace Waggle.Linux.Tests.Processes;

public sealed class ProcessTests
{
    [Fact]
    public async Task PidDescriptor_SignalAndWait_ProcessEnds()
    {
        using Process sleeper = Process.Start("sleep", "600");
        using PidDescriptor pid = PidDescriptor.TryOpen(sleeper.Id)!;
        Assert.False(pid.WaitForExit(TimeSpan.Zero));
        Task ended = pid.WaitForExitAsync();
        Assert.False(ended.IsCompleted);
        Assert.True(pid.Send(Signal.Probe));
        Assert.True(pid.Send(Signal.Terminate));
        await ended.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(pid.WaitForExit(TimeSpan.Zero));
        await sleeper.WaitForExitAsync();
        Assert.Equal(143, sleeper.ExitCode);
        Assert.False(pid.Send(Signal.Kill));
        Assert.Null(pid.TryReap()); // .NET has reaped it
    }

    [Fact]
    public async Task PidDescriptor_WaitCancelled_Throws()
    {
        using Process sleeper = Process.Start("sleep", "600");
        using PidDescriptor pid = PidDescriptor.TryOpen(sleeper.Id)!;
        using var cancel = new CancellationTokenSource();
        Task wait = pid.WaitForExitAsync(cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        pid.Send(Signal.Kill);
        await sleeper.WaitForExitAsync();
    }

    [Fact]
    public void NoSuchProcess_FalseOrNull()
    {
        Assert.Null(PidDescriptor.TryOpen(0x3fffffff));
        Assert.False(ProcessControl.Kill(0x3fffffff, Signal.Probe));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProcessControl.Kill(-1, Signal.Kill));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProcessControl.Kill(0, Signal.Kill));
    }

    [Fact]
    public async Task Kill_ByNumber_ProcessEnds()
    {
        using Process sleeper = Process.Start("sleep", "600");
        Assert.True(ProcessControl.Kill(sleeper.Id, Signal.Kill));
        await sleeper.WaitForExitAsync();
        Assert.Equal(137, sleeper.ExitCode);
    }
}

using System.Text;

namespace Waggle.Linux.Tests.Terminals;

public sealed class PseudoTerminalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task OpenStream_LineTyped_EchoedAndRead()
    {
        using PseudoTerminal terminal = PseudoTerminal.Open();
        Assert.StartsWith("/dev/pts/", terminal.SlavePath, StringComparison.Ordinal);
        using FileDescriptor slave = terminal.OpenSlave();
        await using DescriptorStream stream = terminal.OpenStream();
        await stream.WriteAsync("ls\n"u8.ToArray());
        byte[] buffer = new byte[64];
        int count = slave.Read(buffer);
        Assert.Equal("ls\n", Encoding.ASCII.GetString(buffer, 0, count));
        count = await stream.ReadAsync(buffer).AsTask().WaitAsync(Patience);
        Assert.Equal("ls\r\n", Encoding.ASCII.GetString(buffer, 0, count));
    }

    [Fact]
    public void Resize_ReadBack()
    {
        using PseudoTerminal terminal = PseudoTerminal.Open();
        terminal.Resize(132, 43);
        Assert.Equal((132, 43), terminal.Size());
    }

    [Fact]
    public async Task Read_LastSlaveCloses_EndOfStream()
    {
        using PseudoTerminal terminal = PseudoTerminal.Open();
        FileDescriptor slave = terminal.OpenSlave();
        await using DescriptorStream stream = terminal.OpenStream();
        Task<int> read = stream.ReadAsync(new byte[8]).AsTask();
        slave.Dispose();
        Assert.Equal(0, await read.WaitAsync(Patience));
    }

    [Fact]
    public async Task Read_CancelledOnce_NextReadWorks()
    {
        using PseudoTerminal terminal = PseudoTerminal.Open();
        using FileDescriptor slave = terminal.OpenSlave();
        await using DescriptorStream stream = terminal.OpenStream();
        for (int i = 0; i < 3; i++)
        {
            using var cancel = new CancellationTokenSource();
            Task<int> read = stream.ReadAsync(new byte[8], cancel.Token).AsTask();
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        }

        slave.Write("x"u8);
        Assert.Equal(1, await stream.ReadAsync(new byte[8]).AsTask().WaitAsync(Patience));
    }

    [Fact]
    public async Task Dispose_WhileReading_ReadEnds()
    {
        using PseudoTerminal terminal = PseudoTerminal.Open();
        using FileDescriptor slave = terminal.OpenSlave();
        DescriptorStream stream = terminal.OpenStream();
        Task<int> read = stream.ReadAsync(new byte[8]).AsTask();
        await stream.DisposeAsync();
        Assert.Equal(0, await read.WaitAsync(Patience));
    }
}

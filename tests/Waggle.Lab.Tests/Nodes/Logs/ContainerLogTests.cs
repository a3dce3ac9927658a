using System.Text;
using Waggle.Lab.Nodes;
using Waggle.Lab.Nodes.Logs;

namespace Waggle.Lab.Tests.Nodes.Logs;

public sealed class ContainerLogTests : IDisposable
{
    private static readonly LogOptions All = new(false, false, false, null, null, null, null);

    private readonly string _directory = Directory.CreateTempSubdirectory("wgt-log").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("a\nb\nc", "a\nb\nc")]
    [InlineData("\n\n", "\n\n")]
    [InlineData("", "")]
    [InlineData("no newline", "no newline")]
    public async Task Write_InPiecesOfAnySize_ReadsBackTheSame(string text, string expected)
    {
        for (int size = 1; size <= Math.Max(1, text.Length); size++)
        {
            string path = $"{_directory}/{size}.log";
            using (var log = new ContainerLog(path, TimeProvider.System))
            {
                for (int i = 0; i < text.Length; i += size)
                    log.Write(Encoding.UTF8.GetBytes(text.Substring(i, Math.Min(size, text.Length - i))), error: false);
            }
            Assert.Equal(expected, await ReadAsync(path, All));
        }
    }

    [Fact]
    public async Task Write_ALineLongerThanOnePart_ReadsBackWhole()
    {
        string text = new string('x', LogLine.MaxText * 2 + 5) + "\nnext\n";
        using (var log = new ContainerLog($"{_directory}/l", TimeProvider.System))
            log.Write(Encoding.UTF8.GetBytes(text), error: true);
        Assert.Equal(text, await ReadAsync($"{_directory}/l", All));
        Assert.Equal(text, await ReadAsync($"{_directory}/l", All with { Timestamps = true }, stripTimes: true));
        Assert.Contains(" stderr P x", File.ReadLines($"{_directory}/l").First(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "l9\n")]
    [InlineData(3, "l7\nl8\nl9\n")]
    [InlineData(10, "l0\nl1\nl2\nl3\nl4\nl5\nl6\nl7\nl8\nl9\n")]
    [InlineData(99, "l0\nl1\nl2\nl3\nl4\nl5\nl6\nl7\nl8\nl9\n")]
    public async Task Read_Tail_HasTheLastLines(int tail, string expected)
    {
        string path = Write("l", 10);
        Assert.Equal(expected, await ReadAsync(path, All with { TailLines = tail }));
    }

    [Fact]
    public async Task Read_AcrossARotation_HasBothFilesInOrder()
    {
        string path = $"{_directory}/l";
        using (var log = new ContainerLog(path, TimeProvider.System, maxBytes: 2000))
        {
            for (int i = 0; i < 100; i++)
                log.Write(Encoding.UTF8.GetBytes($"line {i}\n"), error: false);
            Assert.True(log.Rotations > 1);
        }
        string[] lines = (await ReadAsync(path, All)).TrimEnd('\n').Split('\n');
        Assert.Equal("line 99", lines[^1]);
        Assert.Equal(Enumerable.Range(100 - lines.Length, lines.Length).Select(i => $"line {i}"), lines);
        Assert.Equal(lines[^50..], (await ReadAsync(path, All with { TailLines = 50 })).TrimEnd('\n').Split('\n'));
        Assert.True(new FileInfo(path).Length <= 2000 && new FileInfo(path + ".1").Length <= 2000);
    }

    [Fact]
    public async Task Follow_AcrossRotations_LosesNothing()
    {
        string path = $"{_directory}/l";
        using var log = new ContainerLog(path, TimeProvider.System, maxBytes: 50_000);
        using var output = new MemoryStream();
        Task follow = new LogReader(All with { Follow = true }, TimeProvider.System, output).RunAsync(path, log, Cancellation);
        for (int i = 0; i < 2000; i++)
        {
            log.Write(Encoding.UTF8.GetBytes($"line {i}\n"), error: false);
            // Let the reader keep up: one that is two files behind cannot.
            if (i % 100 == 0)
                await Task.Delay(1, Cancellation);
        }
        log.Dispose();
        await follow.WaitAsync(Cancellation);
        Assert.Equal(string.Concat(Enumerable.Range(0, 2000).Select(i => $"line {i}\n")), Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public async Task Read_WithLimit_StopsThere()
    {
        Assert.Equal("l0\nl1", await ReadAsync(Write("l", 10), All with { LimitBytes = 5 }));
    }

    [Fact]
    public async Task Read_Since_LeavesOutOlderLines()
    {
        string path = $"{_directory}/l";
        DateTimeOffset old = DateTimeOffset.UtcNow.AddHours(-1);
        await File.WriteAllBytesAsync(path, [.. LogLine.Format(old, false, false, "old"u8), .. LogLine.Format(DateTimeOffset.UtcNow, false, false, "new"u8)], Cancellation);
        Assert.Equal("new\n", await ReadAsync(path, All with { SinceSeconds = 60 }));
        Assert.Equal("new\n", await ReadAsync(path, All with { SinceTime = old.AddSeconds(1) }));
        Assert.Equal("old\nnew\n", await ReadAsync(path, All with { SinceTime = old.AddSeconds(-1) }));
    }

    [Theory]
    [InlineData("garbage\n")]
    [InlineData("2026-01-01T00:00:00.000000000Z\n")]
    [InlineData("\n\n \n  \n")]
    [InlineData("notatime stdout F text\n")]
    public async Task Read_ADamagedFile_SkipsWhatIsNoLine(string damage)
    {
        string path = $"{_directory}/l";
        await File.WriteAllBytesAsync(path, [.. Encoding.UTF8.GetBytes(damage), .. LogLine.Format(DateTimeOffset.UtcNow, false, false, "good"u8), .. "cut"u8], Cancellation);
        Assert.Equal("good\n", await ReadAsync(path, All));
    }

    [Fact]
    public void Write_OnAFullDisk_DoesNotThrow()
    {
        using var log = new ContainerLog("/dev/full", TimeProvider.System);
        log.Write("text\n"u8, error: false);
        Assert.NotNull(log.LastFailure);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string Write(string name, int lines)
    {
        string path = $"{_directory}/{name}";
        using var log = new ContainerLog(path, TimeProvider.System);
        for (int i = 0; i < lines; i++)
            log.Write(Encoding.UTF8.GetBytes($"l{i}\n"), error: false);
        return path;
    }

    private static async Task<string> ReadAsync(string path, LogOptions options, bool stripTimes = false)
    {
        using var output = new MemoryStream();
        await new LogReader(options, TimeProvider.System, output).RunAsync(path, null, Cancellation);
        string text = Encoding.UTF8.GetString(output.ToArray());
        return stripTimes ? string.Join('\n', text.Split('\n').Select(line => line.Length > 31 ? line[31..] : line)) : text;
    }
}

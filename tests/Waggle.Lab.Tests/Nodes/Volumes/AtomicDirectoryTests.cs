using System.Text;
using Waggle.Lab.Nodes.Volumes;

namespace Waggle.Lab.Tests.Nodes.Volumes;

public sealed class AtomicDirectoryTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("wgt-vol").FullName;

    [Fact]
    public void Write_NewContent_ReplacesAllFilesAtOnce()
    {
        Assert.True(AtomicDirectory.Write(_directory, [F("a", "1"), F("d/e", "2"), F("gone", "x")]));
        string first = new FileInfo($"{_directory}/..data").LinkTarget!;
        Assert.True(AtomicDirectory.Write(_directory, [F("a", "3"), F("d/f", "4")]));
        Assert.Equal(("3", "4"), (File.ReadAllText($"{_directory}/a"), File.ReadAllText($"{_directory}/d/f")));
        Assert.False(File.Exists($"{_directory}/d/e"));
        Assert.False(new FileInfo($"{_directory}/gone").Exists || new FileInfo($"{_directory}/gone").LinkTarget is not null);
        Assert.False(Directory.Exists($"{_directory}/{first}"));
        Assert.Equal(4, Directory.EnumerateFileSystemEntries(_directory).Count());
    }

    [Fact]
    public void Write_EqualContent_TouchesNothing()
    {
        Assert.True(AtomicDirectory.Write(_directory, [F("a", "1")]));
        string before = new FileInfo($"{_directory}/..data").LinkTarget!;
        Assert.False(AtomicDirectory.Write(_directory, [F("a", "1")]));
        Assert.Equal(before, new FileInfo($"{_directory}/..data").LinkTarget);
        Assert.True(AtomicDirectory.Write(_directory, [F("a", "1") with { Mode = 0x180 }]));
    }

    [Fact]
    public void Write_AfterAnInterruptedOne_Succeeds()
    {
        File.CreateSymbolicLink($"{_directory}/..data_tmp", "nowhere");
        Directory.CreateDirectory($"{_directory}/..old");
        Assert.True(AtomicDirectory.Write(_directory, [F("a", "1")]));
        Assert.Equal("1", File.ReadAllText($"{_directory}/a"));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("/etc/x")]
    [InlineData("..data")]
    [InlineData("")]
    [InlineData("a//b")]
    public void Write_PathOutOfTheDirectory_IsRefused(string path)
    {
        Assert.Throws<ArgumentException>(() => AtomicDirectory.Write(_directory, [F(path, "x")]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static VolumeFile F(string path, string text) => new(path, Encoding.UTF8.GetBytes(text), 0x1a4);
}

using System.Globalization;
using System.Text;

namespace Waggle.Datapath.Tests.Guest;

/// <summary>Writes the archive that a kernel unpacks as its first root: cpio, "newc" (the kernel's Documentation/driver-api/early-userspace/buffer-format).</summary>
internal sealed class InitialRamFs(Stream output)
{
    private const int Directory = 0x41ed; // drwxr-xr-x
    private const int Program = 0x81ed;   // -rwxr-xr-x

    internal void AddDirectory(string path) => Add(path, Directory, []);

    internal void AddFile(string path, byte[] content) => Add(path, Program, content);

    internal void AddLines(string path, IEnumerable<string> lines) => AddFile(path, Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => l + "\n"))));

    internal void Finish() => Add("TRAILER!!!", 0, []);

    private void Add(string path, int mode, byte[] content)
    {
        var name = Encoding.UTF8.GetBytes(path + "\0");
        var header = new StringBuilder("070701");
        foreach (var field in new[] { 0, mode, 0, 0, 1, 0, content.Length, 0, 0, 0, 0, name.Length, 0 })
        {
            header.Append(field.ToString("X8", CultureInfo.InvariantCulture));
        }

        Write(Encoding.ASCII.GetBytes(header.ToString()), pad: false);
        Write(name, pad: true);
        Write(content, pad: true);
    }

    private void Write(byte[] bytes, bool pad)
    {
        output.Write(bytes);
        if (pad)
        {
            output.Write(new byte[-output.Position & 3]);
        }
    }
}

using System.Text;

namespace Waggle.Cli;

/// <summary>Hands every write on at once: for output that people watch as it grows. Any thread may write.</summary>
internal sealed class FlushingWriter(TextWriter target) : TextWriter
{
    private readonly Lock _lock = new();

    public override Encoding Encoding => target.Encoding;

    public override void Write(char value)
    {
        lock (_lock)
        {
            target.Write(value);
            target.Flush();
        }
    }

    public override void Write(string? value)
    {
        lock (_lock)
        {
            target.Write(value);
            target.Flush();
        }
    }

    public override void WriteLine(string? value) => Write(value + "\n");

    public override void WriteLine() => Write("\n");

    public override void Flush() => target.Flush();
}

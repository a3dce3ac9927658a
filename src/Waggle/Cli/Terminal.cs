using System.IO.Pipes;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Waggle.Cli;

/// <summary>Where a command writes: data to <see cref="Out"/>, messages to <see cref="Error"/>. Both are buffered; the host flushes them.</summary>
public sealed class Terminal(TextWriter output, TextWriter error, bool outIsTerminal, bool errorIsTerminal) : IDisposable
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    public TextWriter Out { get; } = output;

    public TextWriter Error { get; } = error;

    public bool OutIsTerminal { get; } = outIsTerminal;

    public bool ErrorIsTerminal { get; } = errorIsTerminal;

    /// <summary><see cref="Out"/> for whoever writes over a longer time: flushed after every write.</summary>
    public TextWriter OutAtOnce => new FlushingWriter(Out);

    /// <summary><see cref="Error"/>, flushed after every write.</summary>
    public TextWriter ErrorAtOnce => new FlushingWriter(Error);

    /// <summary>Colours of the data; none until the host has read the flags.</summary>
    public Palette OutStyle { get; set; } = Palette.Plain;

    /// <summary>Colours of the messages.</summary>
    public Palette ErrorStyle { get; set; } = Palette.Plain;

    /// <summary>No progress and no remarks, only data and errors.</summary>
    public bool Quiet { get; set; }

    /// <summary>The process's own standard streams.</summary>
    public static Terminal Open() => new(
        new StreamWriter(OpenStream(1), Utf8, 16 * 1024) { NewLine = "\n" },
        new StreamWriter(Console.OpenStandardError(), Utf8, 4 * 1024) { NewLine = "\n" },
        !Console.IsOutputRedirected,
        !Console.IsErrorRedirected);

    /// <summary>A remark for humans: not data, not an error.</summary>
    public void Note(string text)
    {
        if (Quiet)
        {
            return;
        }

        Error.WriteLine(text);
        Error.Flush();
    }

    public void Warn(string text)
    {
        Error.WriteLine(ErrorStyle.Yellow("Warning: ") + text);
        Error.Flush();
    }

    public void Flush()
    {
        Out.Flush();
        Error.Flush();
    }

    public void Dispose()
    {
        // A reader that went away is no reason to fail while tidying up.
        try
        {
            Flush();
        }
        catch (IOException)
        {
        }
    }

    /// <summary>
    /// The console stream swallows EPIPE, so a stream of events would run on after its reader has gone; a pipe is opened as one. Other
    /// files keep the console stream, because it writes at the descriptor's shared offset.
    /// </summary>
    private static Stream OpenStream(int descriptor)
    {
        if (Console.IsOutputRedirected)
        {
            try
            {
                return new AnonymousPipeClientStream(PipeDirection.Out, new SafePipeHandle(descriptor, ownsHandle: false));
            }
            catch (IOException)
            {
            }
        }

        return Console.OpenStandardOutput();
    }
}

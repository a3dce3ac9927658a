using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Waggle.Bpf.Interop;

/// <summary>
/// Captures what libbpf says during one call. libbpf has a single process-wide print callback without a context pointer, so the
/// sink is per thread: libbpf calls back on the thread that called it, and two loads on two threads never mix. Outside a
/// capture messages are discarded; nothing is ever written to stderr.
/// </summary>
internal sealed unsafe class LibbpfLog : IDisposable
{
    /// <summary>A verifier log of a complex program reaches megabytes; beyond this the oldest text is dropped, the end says why.</summary>
    private const int MaxCharacters = 16 << 20;
    private const int DebugLevel = 2;

    [ThreadStatic]
    private static LibbpfLog? current;

    private readonly LibbpfLog? outer;
    private readonly StringBuilder text = new();

    static LibbpfLog() => Libbpf.libbpf_set_print(&Print);

    private LibbpfLog()
    {
        outer = current;
        current = this;
    }

    public static LibbpfLog Capture() => new();

    public override string ToString() => text.ToString();

    public void Dispose() => current = outer;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Print(int level, byte* format, void* args)
    {
        // va_list is an array (x86-64) or a large struct (arm64): both arrive as a pointer that may be passed on, once.
        if (current is not { } sink || level >= DebugLevel)
        {
            return 0;
        }

        byte* message = null;
        var length = Sys.vasprintf(&message, format, args);
        if (length < 0)
        {
            return 0;
        }

        try
        {
            sink.Append(new ReadOnlySpan<byte>(message, length));
        }
        finally
        {
            Sys.free(message);
        }

        return length;
    }

    private void Append(ReadOnlySpan<byte> utf8)
    {
        text.Append(Encoding.UTF8.GetString(utf8));
        if (text.Length > MaxCharacters)
        {
            text.Remove(0, text.Length - MaxCharacters);
        }
    }
}

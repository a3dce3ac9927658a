using System.Runtime.InteropServices;

namespace Waggle.Linux;

/// <summary>The raw tier: C names, C conventions, errno in <see cref="Marshal.GetLastPInvokeError"/>. Nothing outside this project sees it.</summary>
internal static partial class Libc
{
    private const string Library = "libc";

    /// <summary>The error number of the last call on this thread.</summary>
    internal static Errno LastError => (Errno)Marshal.GetLastPInvokeError();

    /// <summary>Repeats a call that a signal interrupted; returns the first result that is not EINTR.</summary>
    internal static int Retry<TState>(TState state, Func<TState, int> call)
    {
        while (true)
        {
            int result = call(state);
            if (result >= 0 || LastError != Errno.EINTR)
                return result;
        }
    }
}

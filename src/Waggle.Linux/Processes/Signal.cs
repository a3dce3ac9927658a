namespace Waggle.Linux;

/// <summary>Signals (signal(7)), numbers as on x86-64 and arm64.</summary>
public enum Signal
{
    /// <summary>No signal: only asks whether the process exists.</summary>
    Probe = 0,
    Hangup = 1,
    Interrupt = 2,
    Quit = 3,
    Abort = 6,
    Kill = 9,
    User1 = 10,
    User2 = 12,
    Terminate = 15,
    Child = 17,
    Continue = 18,
    Stop = 19,
    WindowChange = 28,
}

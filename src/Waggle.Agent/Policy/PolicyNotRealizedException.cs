namespace Waggle.Agent.Policy;

/// <summary>The policy of a subject is not in the kernel, so nothing may run under it. Says why, and what to do.</summary>
public sealed class PolicyNotRealizedException(string message) : InvalidOperationException(message);

namespace Waggle.Bpf.Btf;

/// <summary>Bytes that are not the BTF or ELF they claim to be.</summary>
public sealed class BtfFormatException(string message) : Exception(message);

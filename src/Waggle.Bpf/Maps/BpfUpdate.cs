namespace Waggle.Bpf;

/// <summary>Element update modes of bpf(2).</summary>
public enum BpfUpdate : ulong
{
    /// <summary>Create or replace.</summary>
    Any = 0,

    /// <summary>Create only.</summary>
    NoExist = 1,

    /// <summary>Replace only.</summary>
    Exist = 2,
}

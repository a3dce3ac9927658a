namespace Waggle.Cel;

/// <summary>A type of objects whose fields are known, such as a message of protobuf. Two of the same objects must be equal.</summary>
public abstract record CelObjectType
{
    /// <summary>Its full name.</summary>
    public abstract string Name { get; }

    /// <summary>Names of its fields, for suggestions.</summary>
    public abstract IEnumerable<string> Fields { get; }

    /// <summary>The field of that name, or null.</summary>
    public abstract CelField? Find(string name);
}

/// <summary>A field of a type of objects.</summary>
public abstract class CelField
{
    /// <summary>Type of its value.</summary>
    public abstract CelType Type { get; }

    /// <summary>Its value in this object; what is not set has a value as well.</summary>
    public abstract CelValue Get(object target);

    /// <summary>Whether it is set in this object.</summary>
    public abstract bool Has(object target);
}

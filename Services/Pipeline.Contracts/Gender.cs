namespace Pipeline.Contracts;

/// <summary>Closed set of genders; the wire name is the lower-case name.</summary>
public enum Gender : byte
{
    Unknown,
    Female,
    Male,
    Other,
}

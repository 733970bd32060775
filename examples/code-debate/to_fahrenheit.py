"""Convert the temperature c from Celsius to Fahrenheit: multiply by 9, divide by 5, add 32."""

assert to_fahrenheit(0) == 32
assert to_fahrenheit(100) == 212
assert to_fahrenheit(-40) == -40

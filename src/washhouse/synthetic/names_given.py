"""Given names by community, sex and period of birth, the most frequent first."""

from __future__ import annotations

_BRITISH_F = (
    """Margaret Mary Joan Dorothy Jean Kathleen Patricia Doris Sheila Joyce Barbara Irene Audrey
    Maureen Sylvia Eileen Brenda Edna Hilda Marjorie Betty Vera Phyllis Beryl Norah Winifred Gladys Ethel Elsie
    Florence Ivy Lilian Muriel Constance Olive Freda Marion June Shirley Pamela Rita Hazel Monica Josephine Ellen
    Annie Edith Evelyn Elizabeth Veronica Bridget Enid Mavis Daphne Stella Nora Agnes Alice Rose Ruth Peggy Thelma
    Rosemary Nancy Connie Mona Amy Elsa Marie Teresa""",
    """Susan Linda Christine Margaret Carol Jennifer Janet Patricia Barbara Ann Sandra Pamela
    Pauline Jean Jacqueline Kathleen Sheila Valerie Maureen Gillian Elizabeth Lesley Marilyn Lynn Jane Judith Hilary
    Sally Diane Julie Denise Angela Brenda Elaine Anne Marion Dorothy Irene Eileen Joan Mary Catherine Rosemary Yvonne
    Anita Beverley Lorraine Theresa Veronica Josephine Frances Wendy Gloria Cheryl Hazel Maria Ruth Joyce Heather
    Helen Joanna Sharon Deborah Norma Rita Vivien Glenys Geraldine Bernadette Maxine""",
    """Sarah Joanne Claire Karen Tracey Nicola Lisa Julie Helen Sharon Jacqueline Michelle
    Deborah Amanda Alison Angela Samantha Emma Louise Rachel Paula Dawn Susan Andrea Donna Jane Caroline Wendy Tracy
    Kerry Rebecca Victoria Natalie Kelly Melanie Catherine Lorraine Maria Heather Joanna Sally Fiona Anna Lesley Diane
    Elizabeth Zoe Tina Gillian Vanessa Jennifer Marie Leanne Debbie Beverley Kathryn Katherine Lynne Elaine Julia
    Kirsty Stacey Hayley Clare Kim Gemma Jill Suzanne Cheryl Lynsey""",
    """Laura Gemma Emma Rebecca Sarah Jessica Charlotte Amy Lauren Sophie Hannah Emily Chloe
    Samantha Rachel Danielle Kelly Stacey Jade Megan Bethany Stephanie Katie Georgia Natalie Leanne Victoria Abigail
    Eleanor Kirsty Lucy Holly Zoe Melissa Jodie Amber Paige Shannon Jennifer Kayleigh Vicky Hayley Kimberley Olivia
    Natasha Alice Grace Molly Amelia Heather Francesca Sian Toni Cara Robyn Rhiannon Nicole Courtney Ellie Demi Beth
    Rosie Louise Harriet Sally Lisa Claire Gabrielle Alexandra Anna Elizabeth Phoebe Naomi""",
    """Olivia Amelia Isla Ava Emily Grace Sophia Lily Evie Mia Ella Poppy Freya Ivy Isabella
    Jessica Charlotte Ruby Sophie Daisy Chloe Florence Alice Matilda Sienna Evelyn Rosie Willow Phoebe Elsie Layla
    Lola Scarlett Harper Erin Holly Millie Maisie Eva Molly Thea Esme Imogen Zara Bella Eliza Lucy Robyn Summer Darcey
    Abigail Georgia Hannah Amber Eleanor Megan Katie Lacey Orla Penelope Aria Luna Maya Violet Nancy Bonnie Hallie
    Arabella Harriet Lottie""",
)
_BRITISH_M = (
    """John William George James Ronald Kenneth Thomas Robert Arthur Frank Dennis Peter Harold
    Eric Joseph Albert Stanley Raymond Leslie Norman Edward Charles Gordon Derek Walter Frederick Donald Ernest Henry
    Sidney Alan Roy Jack Reginald Cyril Herbert Douglas Geoffrey Brian Alfred Leonard Victor Cecil Clifford Gerald
    Maurice Percy Bernard Francis Ralph Terence Michael Anthony David Philip Stephen Trevor Patrick Neville Vincent
    Hugh Wilfred Horace Desmond Basil Edwin Harry Lawrence Samuel""",
    """David John Michael Peter Robert Alan Stephen Brian Anthony Paul William Christopher Keith
    Kenneth James Richard Ian Barry Colin Graham Roger Philip Thomas Geoffrey Terence Raymond George Malcolm Derek
    Ronald Trevor Roy Nigel Martin Joseph Edward Kevin Patrick Leslie Dennis Donald Frank Eric Gerald Clive Neil
    Stuart Gary Norman Charles Bernard Andrew Mark Francis Howard Vincent Gordon Ralph Douglas Maurice Harold Allan
    Hugh Glyn Lawrence Frederick""",
    """Paul David Andrew Stephen Mark Michael Ian Gary Robert Richard John Peter Anthony Kevin
    Christopher Darren James Jason Lee Simon Neil Stuart Matthew Daniel Craig Martin Philip Nicholas Jonathan Sean
    Wayne Alan Graham Colin Carl Nigel Steven Keith William Timothy Thomas Karl Dean Barry Shaun Adam Adrian Tony
    Scott Damian Benjamin Russell Brian Duncan Patrick Edward Justin Julian Gareth Gavin Robin Marc Derek Glen Terry
    Ashley Leon Joseph Nathan""",
    """Daniel Christopher James Matthew Michael Thomas Ryan Adam Joshua Jack Luke Liam Andrew
    Robert David Joseph Jamie Benjamin Samuel Connor Lewis Jordan Nathan Callum Ashley Alexander Kieran Aaron Jake Lee
    Craig Anthony Stephen Mark Paul Sean Kyle Scott John William Harry Oliver George Bradley Dominic Stuart Dean Carl
    Shane Gareth Simon Peter Philip Richard Steven Charlie Edward Max Elliot Cameron Reece Declan Brandon Patrick Rhys
    Ben Sam Josh Leon Curtis Jonathan Nicholas Dale Martin""",
    """Oliver George Harry Noah Jack Leo Arthur Charlie Oscar Jacob Thomas Henry William Freddie
    Archie Alfie James Theo Joshua Logan Alexander Max Isaac Lucas Edward Finley Teddy Daniel Mason Samuel Joseph Toby
    Reuben Harrison Ethan Louie Jude Hugo Tommy Dylan Luca Rory Albie Reggie Sebastian Benjamin Ronnie Elijah Adam
    Riley Frankie Bobby Stanley Roman Ellis Connor Luke Liam Nathan Jaxon Kai Caleb Blake Ryan Frederick Tyler Callum
    Jamie Michael David Louis""",
)
_IRISH_F = """Mary Bridget Margaret Kathleen Eileen Siobhan Niamh Aoife Sinead Ciara Orla Maeve Roisin
    Deirdre Grainne Una Nora Breda Teresa Noreen Aine Caoimhe Saoirse Fiona Colleen Bernadette Maureen Philomena
    Carmel Attracta Ursula Geraldine Majella Clodagh Aisling Nuala Sheila Catherine Anne Josephine"""
_IRISH_M = """Patrick Michael John Sean James Thomas Brendan Kevin Declan Liam Conor Niall Eamon Seamus
    Cormac Ciaran Padraig Donal Fergus Aidan Brian Daniel Gerard Desmond Oisin Cian Finn Rory Eoin Noel Malachy Dermot
    Colm Kieran Martin Peter Francis Vincent Enda Diarmuid"""
_EUROPEAN_F = """Anna Maria Katarzyna Agnieszka Joanna Magdalena Monika Ewa Malgorzata Barbara Elena Ioana
    Andreea Mihaela Cristina Alina Natalia Aleksandra Karolina Dorota Beata Iwona Renata Julia Zuzanna Oliwia Maja
    Lena Giulia Francesca Sofia Carmen Lucia Ana Ines Catarina Mariana Zsofia Eszter Katalin Jana Petra Ivana Daniela
    Simona Kristina Ruta Egle Olga Irina Tatiana Svetlana Viktoria Milena"""
_EUROPEAN_M = """Piotr Krzysztof Andrzej Tomasz Pawel Jan Michal Marcin Marek Grzegorz Adam Lukasz Jakub
    Kacper Mateusz Ion Andrei Alexandru Mihai Stefan Florin Gheorghe Cristian Marius Bogdan Giovanni Marco Luca
    Antonio Francesco Jose Carlos Miguel Joao Pedro Manuel Laszlo Istvan Zoltan Jiri Tomas Martin Pavel Ivan Dimitar
    Georgi Nikolay Vladimir Sergei Dmitri Janis Andris Mantas Tadas"""
_MUSLIM_F = """Fatima Aisha Maryam Zainab Khadija Sana Nadia Shabana Nasreen Rukhsana Shazia Samina
    Farzana Parveen Yasmin Amina Noreen Saima Rubina Naila Tahira Bushra Ayesha Hafsa Iqra Sumaiya Zara Hira Mehreen
    Uzma Robina Shaheen Kulsoom Zubaida Nazia Tasleem Ghazala Saira Maria Alisha Anam Laiba Inaya Safa Rabia Humaira
    Shamim Jahanara Rehana Taslima Nargis Halima Sultana Momtaz Ruksana Sabina"""
_MUSLIM_M = """Mohammed Muhammad Ahmed Ali Hassan Imran Usman Abdul Hussain Bilal Tariq Asif Shahid
    Khalid Zahid Waqas Kamran Adnan Omar Yusuf Ibrahim Hamza Zain Adil Naveed Rashid Iqbal Javed Saeed Nadeem Amir
    Faisal Shakeel Arshad Mahmood Ayaan Haris Umar Raheem Shoaib Sajid Rizwan Kashif Junaid Aslam Karim Rahim Shafiq
    Faruk Kamal Jamal Mizan Habib Nazrul Shamsul Abdur Zakaria Musa"""
_INDIAN_F = """Priya Sunita Anita Neha Pooja Kavita Meena Rekha Jaspreet Harpreet Manpreet Gurpreet
    Sarita Usha Lakshmi Deepa Asha Geeta Nisha Anjali Ritu Shreya Divya Radha Kamala Sita Parul Hina Bhavna Jyoti
    Simran Kiran Amrit Ravinder Baljit Kulwinder Surinder Aarti Riya Ananya Diya Isha Maya Leela Padma Shanti Kalpana
    Hema Nila Dilani"""
_INDIAN_M = """Raj Amit Sanjay Rajesh Vijay Anil Sunil Ramesh Suresh Harpreet Gurpreet Manjit Jaspal
    Balwinder Sukhdev Arjun Rohan Aarav Vikram Deepak Ashok Dinesh Mahesh Nilesh Hitesh Jayesh Kiran Naveen Prakash
    Ravi Krishna Mohan Harish Arun Ajay Rahul Nikhil Karan Dev Ishaan Vivaan Kapil Parminder Kuldip Davinder Gurdeep
    Satnam Tharun Nimal Chaminda"""
_AFRICAN_F = """Grace Blessing Joy Mercy Faith Patience Comfort Esther Ruth Abena Ama Akosua Adwoa Efua
    Ngozi Chioma Amaka Ifeoma Folake Yetunde Funmilayo Bukola Titilayo Temitope Halima Hodan Asha Fadumo Hawa Sahra
    Amina Tendai Rudo Chipo Nyasha Precious Beauty Memory Tsitsi Wanjiku Achieng Selam Hiwot Tsehay Mariam Fatoumata
    Adama Isatou Gifty Rejoice Abigail Deborah"""
_AFRICAN_M = """Emmanuel Samuel Daniel Joseph Kwame Kofi Kwabena Yaw Kojo Chukwuemeka Chinedu Emeka Obinna
    Ikenna Oluwaseun Babatunde Adewale Tunde Segun Ayodele Femi Mohamed Abdi Hassan Ahmed Abdirahman Yusuf Ismail
    Tafadzwa Tendai Farai Tapiwa Blessing Innocent Godfrey Moses Isaac Peter Tesfaye Dawit Yonas Haile Ousmane Mamadou
    Ibrahima Lamin Ebrima Alhaji Foday Prince Nana"""
_CARIBBEAN_F = """Marcia Sharon Yvonne Beverley Sandra Paulette Donna Claudette Angela Jennifer Marva
    Hyacinth Gloria Winsome Merlene Novelette Lorna Cynthia Shanice Keisha Tanisha Leah Simone Chantelle Jade Naomi
    Aaliyah Tiana Renee Monique Nadine Natasha Camille Dionne Joy Icilda Myrtle Pearl Verna Una"""
_CARIBBEAN_M = """Winston Errol Delroy Leroy Trevor Neville Carlton Clive Desmond Everton Michael Anthony
    Paul Devon Courtney Lloyd Barrington Rohan Marlon Jermaine Tyrone Andre Marcus Leon Jerome Nathan Jordan Kyle
    Reuben Isaiah Malachi Kemar Omari Junior Glenroy Vincent Cecil Vernon Rudolph Egbert"""
_CHINESE_F = """Mei Ling Xiu Li Hui Yan Fang Jing Min Yu Wai Siu Suk Lai Ying Xin Yi Jia Qian Lan Hong Na
    Juan Emily Grace Amy Vivian Winnie Wendy Karen Michelle Jasmine Fiona Carmen Kit Man Yuk Pui"""
_CHINESE_M = """Wei Jun Ming Chi Kwok Wing Kin Hoi Tak Yiu Ho Lok Jian Hao Yang Lei Feng Qiang Bo Tao
    Kevin Jason Andy Raymond Kenny Simon Eric Henry Alan Daniel Ka Man Sze Chun Yu Kai Hin Long Fai Shing"""
_ARAB_F = """Fatima Maryam Noor Layla Zahra Hala Rana Sara Huda Amal Samira Mona Rania Salma Dina Nour
    Yasmin Hanan Iman Lina Reem Shirin Parisa Maryam Leila Nasrin Zeinab Dilan Rojin Hevin Sawsan Intisar Asmaa Wafaa
    Najat Latifa"""
_ARAB_M = """Ahmed Mohamed Ali Omar Hassan Hussein Khaled Mustafa Mahmoud Youssef Karim Tarek Samir
    Nabil Walid Saleh Abdullah Ibrahim Reza Amir Hamid Mehdi Farhad Karwan Rebwar Dilshad Azad Salah Jamal Rashid
    Bassam Fadi Ziad Nasser Mansour Yahya"""

_LISTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "british": (_BRITISH_F, _BRITISH_M),
    "irish": ((_IRISH_F,), (_IRISH_M,)),
    "european": ((_EUROPEAN_F,), (_EUROPEAN_M,)),
    "muslim_asian": ((_MUSLIM_F,), (_MUSLIM_M,)),
    "indian": ((_INDIAN_F,), (_INDIAN_M,)),
    "african": ((_AFRICAN_F,), (_AFRICAN_M,)),
    "caribbean": ((_CARIBBEAN_F,), (_CARIBBEAN_M,)),
    "chinese": ((_CHINESE_F,), (_CHINESE_M,)),
    "arab": ((_ARAB_F,), (_ARAB_M,)),
}


def lists(community: str) -> tuple[list[list[str]], list[list[str]]]:
    """Return the lists of a community: female, then male, each with one list per period or one for all."""
    female, male = _LISTS[community]
    return [words.split() for words in female], [words.split() for words in male]
